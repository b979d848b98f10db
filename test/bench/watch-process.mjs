/**
 * Loaded into a measured process with `--import`: says four times a second, on file descriptor 3, one line of JSON: what it
 * used so far, how long the event loop stood still since the line before, and the requests it began, by origin. Plain
 * JavaScript, for stripping types would cost the measured process 20 MB.
 */
import diagnostics from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 250;
const RESOLUTION_MS = 10;

const requests = {};
diagnostics.subscribe('undici:request:create', ({ request }) => {
  requests[request.origin] = (requests[request.origin] ?? 0) + 1;
});

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

function tell() {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  // Nanoseconds; an idle loop shows the resolution itself.
  const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  delay.reset();
  const line = {
    at: Date.now(),
    peakRss: maxRSS * 1024,
    rss: process.memoryUsage.rss(),
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    stallMs,
    requests,
  };
  writeSync(3, `${JSON.stringify(line)}\n`);
}

setInterval(tell, EVERY_MS).unref();
process.once('exit', tell);
