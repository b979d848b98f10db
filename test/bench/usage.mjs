/**
 * Loaded into a measured process with `--import`: says at its end, on file descriptor 3, what it used. Plain JavaScript,
 * for stripping types would cost the measured process 150 ms and 20 MB.
 */
import { writeSync } from 'node:fs';

process.once('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  // maxRSS in KiB, times in microseconds.
  writeSync(3, JSON.stringify({ maxRSS, cpu: userCPUTime + systemCPUTime }));
});
