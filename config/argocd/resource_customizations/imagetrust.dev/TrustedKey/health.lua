-- By the rules of kstatus: Ready, Reconciling and Stalled are about the operator's own work. What is found in the
-- cluster never degrades an application.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator"}
end
local ready = {status = "Unknown", message = "Waiting for the operator"}
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Stalled" and condition.status == "True" then
    return {status = "Degraded", message = condition.message}
  end
  if condition.type == "Reconciling" and condition.status == "True" then
    return {status = "Progressing", message = condition.message}
  end
  if condition.type == "Ready" then
    ready = condition
  end
end
return {status = ready.status == "True" and "Healthy" or "Progressing", message = ready.message}
