#!/usr/bin/env node
/* The entry of the command line. Written in the oldest JavaScript that any Node reads, and CommonJS, so that a Node
   that is too old says so in one line instead of failing on the first modern import. */
(function start(): void {
  const needed = 'Node 22.22.2, 24.15.0 or 26.0.0 and later';
  const found = /^v(\d+)\.(\d+)\.(\d+)/.exec(process.version) || ['', '0', '0', '0'];
  const major = Number(found[1]);
  const minor = Number(found[2]);
  const patch = Number(found[3]);
  const ok =
    major >= 26 || (major === 24 && minor >= 15) || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
  if (!ok) {
    process.stderr.write('image-trust: needs ' + needed + ', found ' + process.version + '\n');
    process.exit(64);
  }
  void import('./main.ts');
})();
