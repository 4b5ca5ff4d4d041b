// Eclipse (ESAPI) single-file plug-in: check the plan that is open with planchecker.
//
// Copy this file to the folder of scripts of the system. It reads UIDs, writes nothing, and
// needs no assembly beside ESAPI. planchecker pulls the plan from the DICOM DB Daemon (C-MOVE)
// itself; docs/hooks.md says which trusted entities the daemon needs.
//
// Compiled against stub types in the tests; never run inside Eclipse. Try it on a test patient.

using System;
using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Windows;
using VMS.TPS.Common.Model.API;

[assembly: AssemblyVersion("1.0.0.1")]

namespace VMS.TPS
{
    public class Script
    {
        // Site settings.
        private const string Program = @"C:\planchecker\Scripts\planchecker.exe";
        private const string Daemon = "VMSDBD@dicom-daemon:51402";
        private const string OwnTitle = "PLANCHECKER";
        private const int OwnPort = 11112;
        private const string Reports = @"C:\planchecker\reports";
        private const string Journal = ""; // a file; in the folder of reports where it is empty
        private const int TimeoutSeconds = 900;

        public void Execute(ScriptContext context)
        {
            if (context == null || context.Patient == null || context.PlanSetup == null)
            {
                MessageBox.Show("Open a plan first; nothing was judged.", "planchecker");
                return;
            }
            string uid = context.PlanSetup.UID ?? "";
            // Nothing but digits and dots may reach the command line.
            if (uid.Length > 64 || !Regex.IsMatch(uid, @"\A[0-9]+(\.[0-9]+)*\z"))
            {
                MessageBox.Show("The plan has no valid UID; nothing was judged.", "planchecker");
                return;
            }
            try
            {
                string output;
                int code = Judged(Run(Arguments(uid), out output), output);
                MessageBox.Show(Verdict(code) + "\n\n" + Tail(output, 2000), "planchecker");
            }
            catch (Exception error)
            {
                MessageBox.Show("NOT JUDGED: " + error.Message, "planchecker");
            }
        }

        public static string Arguments(string uid)
        {
            return "fetch --hook eclipse --open --node " + Daemon
                + " --aet " + OwnTitle + " --port " + OwnPort
                + " --plan-uid " + uid + Option("reports", Reports)
                + Option("journal", Journal);
        }

        private static string Option(string option, string value)
        {
            // A backslash before the closing mark would take it for a part of the name.
            string path = value.TrimEnd('\\');
            return path == "" ? "" : " --" + option + " \"" + path + "\"";
        }

        // Some other program that was started by mistake may end with 0; without a report that
        // is no verdict.
        public static int Judged(int code, string output)
        {
            Match page = Regex.Match(output, @"^The report is (.+?)\r?$", RegexOptions.Multiline);
            return page.Success && File.Exists(page.Groups[1].Value.Trim()) ? code : 2;
        }

        public static string Verdict(int code)
        {
            switch (code)
            {
                case 0: return "PASS or WARN: no mandatory limit is exceeded. Read the report.";
                case 1: return "FAIL: a mandatory limit is exceeded, or the plan contradicts itself.";
                case 3: return "NOT DECIDED: something is borderline, manual or not evaluated.";
                default: return "NOT JUDGED: the plan could not be had or the program failed.";
            }
        }

        private static int Run(string arguments, out string output)
        {
            ProcessStartInfo start = new ProcessStartInfo(Program, arguments);
            start.UseShellExecute = false;
            start.CreateNoWindow = true;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
            start.StandardOutputEncoding = Encoding.UTF8;
            start.StandardErrorEncoding = Encoding.UTF8;
            start.EnvironmentVariables["PYTHONIOENCODING"] = "utf-8";
            // Lines are taken as they come: a pipe that nobody reads would stop the program.
            StringBuilder lines = new StringBuilder();
            using (Process process = new Process())
            {
                process.StartInfo = start;
                process.OutputDataReceived += (sender, line) => Add(lines, line.Data);
                process.ErrorDataReceived += (sender, line) => Add(lines, line.Data);
                process.Start();
                process.BeginOutputReadLine();
                process.BeginErrorReadLine();
                if (!process.WaitForExit(TimeoutSeconds * 1000))
                {
                    process.Kill();
                    throw new TimeoutException("planchecker did not end in time");
                }
                // Once more without a limit, so that the last lines are in.
                process.WaitForExit();
                output = lines.ToString();
                return process.ExitCode;
            }
        }

        private static void Add(StringBuilder lines, string line)
        {
            if (line == null)
            {
                return;
            }
            lock (lines)
            {
                lines.AppendLine(line);
            }
        }

        private static string Tail(string text, int length)
        {
            return text.Length <= length ? text : text.Substring(text.Length - length);
        }
    }
}
