/** `openpool completion`: completes commands, options and their choices in a shell, from the commands as they are. */
import type { Command } from 'commander';
import { misuse, type PoolCommand } from '../command.js';
import { action, type Terminal } from '../context.js';

/** A command as a shell completes it. */
interface Node {
  /** Its words after the program's name, such as `payout list`; empty for the program. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
  /** The values of an option that has only so many. */
  readonly choices: readonly { readonly option: string; readonly values: readonly string[] }[];
}

/** Options whose value is a path. */
const FILE_OPTION = /^--(config|wallet|.*-?file)$/;

export function addCompletionCommand(program: PoolCommand): void {
  program
    .add(
      'completion <shell>',
      'what completes openpool in bash, zsh or fish: source <(openpool completion bash)',
    )
    .action(
      action(async ({ answer }: Terminal, shell: string) => {
        const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
        if (write === undefined) throw misuse(`"${shell}": give bash, zsh or fish`);
        const script = write(nodesOf(program));
        return answer(script, { script });
      }),
    );
}

const SHELLS: Readonly<Record<string, (nodes: readonly Node[]) => string>> = {
  bash: bashScript,
  zsh: (nodes) =>
    `#compdef openpool\nautoload -Uz bashcompinit && bashcompinit\n${bashScript(nodes)}`,
  fish: fishScript,
};

function nodesOf(command: Command, path = ''): readonly Node[] {
  const named = (one: Command) => (path === '' ? one.name() : `${path} ${one.name()}`);
  const { options } = command;
  const long = options.flatMap(({ long: name }) => (name == null ? [] : [name]));
  const choices = options.flatMap(({ long: option, argChoices: values }) =>
    option == null || values === undefined ? [] : [{ option, values }],
  );
  const own = {
    path,
    commands: command.commands.map((one) => one.name()),
    options: [...long, '--help'],
    choices,
  };
  return [own, ...command.commands.flatMap((one) => nodesOf(one, named(one)))];
}

const words = (node: Node) => [...node.commands, ...node.options].join(' ');

/** Bash finds the command among the words so far, and completes what may follow it. */
function bashScript(nodes: readonly Node[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  const values = nodes.flatMap(({ path, choices }) =>
    choices.map(({ option, values: all }) => `    "${path}:${option}") list="${all.join(' ')}" ;;`),
  );
  const files = [...new Set(nodes.flatMap(({ options }) => options))].filter((one) =>
    FILE_OPTION.test(one),
  );
  return `# source <(openpool completion bash)
_openpool() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" word next list=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${at:+$at }$word"
    case "$next" in
      ${paths.join('|')}) at="$next" ;;
    esac
  done
  case "$prev" in
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case "$at:$prev" in
${values.join('\n')}
  esac
  if [ -z "$list" ]; then
    case "$at" in
${nodes.map((node) => `      "${node.path}") list="${words(node)}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$list" -- "$cur"))
}
complete -o filenames -F _openpool openpool
`;
}

function fishScript(nodes: readonly Node[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const lines = nodes.flatMap((node) => {
    const when = `complete -c openpool -n 'test (__openpool_at) = "${node.path}"'`;
    return [
      `${when} -f -a '${node.commands.join(' ')}'`,
      ...node.options.map((option) => {
        const choice = node.choices.find((one) => one.option === option);
        const rest = FILE_OPTION.test(option)
          ? ' -r -F'
          : choice === undefined
            ? ''
            : ` -x -a '${choice.values.join(' ')}'`;
        return `${when} -l ${option.slice(2)}${rest}`;
      }),
    ];
  });
  return `# openpool completion fish > ~/.config/fish/completions/openpool.fish
function __openpool_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$at $word")
    if contains -- "$next" ${paths.join(' ')}
      set at "$next"
    end
  end
  echo "$at"
end
${lines.join('\n')}
`;
}
