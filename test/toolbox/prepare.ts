/**
 * Builds tools that are missing, so that the suites that need them find them: `node test/toolbox/prepare.ts etcd …`.
 * `make test` starts it at its beginning, behind everything else in the queue for the processor.
 */
import { constants, setPriority } from 'node:os';
import { toolbox, TOOLS, type ToolName } from './toolbox.ts';

const names = process.argv.slice(2).filter((name): name is ToolName => Object.hasOwn(TOOLS, name));
setPriority(constants.priority.PRIORITY_LOW);
await toolbox(...names);
