/**
 * Shell completion, made from the program itself so that it cannot fall behind: `image-trust completion bash|zsh|fish`.
 */
import type { Command } from 'commander';

/** Shells for which there is a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The completion script of a program for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash(program);
    case 'zsh':
      return `#compdef ${program.name()}\nautoload -U +X bashcompinit && bashcompinit\n${bash(program)}`;
    case 'fish':
      return fish(program);
  }
}

function flagsOf(command: Command): readonly string[] {
  return [...command.options.flatMap((option) => option.long ?? []), '--help'];
}

function bash(program: Command): string {
  const name = program.name();
  const identifier = name.replaceAll('-', '_');
  const commands = program.commands.map((command) => command.name());
  const cases = program.commands.map((command) => `    ${command.name()}) words="${flagsOf(command).join(' ')}" ;;`);
  return `_${identifier}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="${[...commands, ...flagsOf(program)].join(' ')}"
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) [ "$COMP_CWORD" -eq 1 ] && COMPREPLY=($(compgen -W "$words" -- "$current")) || COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _${identifier} ${name}
`;
}

function fish(program: Command): string {
  const name = program.name();
  const lines = program.commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.summary() || command.description())}`,
    ...command.options.map(
      (option) =>
        `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name()}' -l ${(option.long ?? '').slice(2)} -d ${quoted(option.description)}`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
