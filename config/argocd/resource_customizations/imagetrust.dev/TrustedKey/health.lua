-- Generated from .ci/argocd-health.ts by make generate; do not edit.
-- By the rules of kstatus: Ready, Reconciling and Stalled are about the operator's own work. What is found in the
-- cluster never degrades an application.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator"}
end
local found = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  found[condition.type] = condition
end
local ready = found.Ready or {message = "Waiting for the operator"}
if found.Reconciling ~= nil and found.Reconciling.status == "True" then
  return {status = "Progressing", message = found.Reconciling.message}
end
if found.Stalled ~= nil and found.Stalled.status == "True" then
  return {status = "Degraded", message = found.Stalled.message}
end
return {status = ready.status == "True" and "Healthy" or "Progressing", message = ready.message}
