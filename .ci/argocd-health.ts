/**
 * What Argo CD makes of our kinds, in its Lua: one text for both, beside what only a policy has. The oracle of its tests is
 * kstatus, by which Flux and kubectl wait read the same objects. Argo CD runs it with hardly any library: none is used.
 */
import type { KindName } from '../src/api/group.ts';

/** config/argocd/resource_customizations/imagetrust.dev/KIND/health.lua */
export function argocdHealth(kind: KindName): string {
  return [HEADER, ...(kind === 'ImageTrustPolicy' ? [SUSPENDED] : []), KSTATUS].join('');
}

const HEADER = `-- Generated from .ci/argocd-health.ts by make generate; do not edit.
-- By the rules of kstatus: Ready, Reconciling and Stalled are about the operator's own work. What is found in the
-- cluster never degrades an application.
`;

const SUSPENDED = `local verification = obj.spec.verification or {}
if verification.suspend == true then
  return {status = "Suspended", message = "verification is suspended"}
end
`;

const KSTATUS = `if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
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
`;
