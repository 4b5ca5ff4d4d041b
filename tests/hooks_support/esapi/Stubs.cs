// The few members of ESAPI and WPF that the plug-in names, so that it can be compiled without them.

namespace System.Windows
{
    public static class MessageBox
    {
        public static void Show(string text, string title)
        {
            System.Console.WriteLine(text);
        }
    }
}

namespace VMS.TPS.Common.Model.API
{
    public class Patient
    {
    }

    public class PlanSetup
    {
        public string UID { get; set; }
    }

    public class ScriptContext
    {
        public Patient Patient { get; set; }
        public PlanSetup PlanSetup { get; set; }
    }
}

public static class Driver
{
    public static int Main(string[] arguments)
    {
        var context = new VMS.TPS.Common.Model.API.ScriptContext();
        if (arguments.Length > 0)
        {
            context.Patient = new VMS.TPS.Common.Model.API.Patient();
            context.PlanSetup = new VMS.TPS.Common.Model.API.PlanSetup { UID = arguments[0] };
            System.Console.WriteLine(VMS.TPS.Script.Arguments(arguments[0]));
        }
        new VMS.TPS.Script().Execute(context);
        return 0;
    }
}
