-- Tells `planchecker watch --orthanc ... --notify-port 8114` to look at once.
-- Enter this file under "LuaScripts" in the configuration of Orthanc. Without it planchecker
-- finds the study itself when it polls next; no patient data are in the message.
function OnStableStudy(studyId, tags, metadata)
   HttpPost('http://127.0.0.1:8114/', 'stable')
end
