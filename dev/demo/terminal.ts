/** Lines that scroll, and on a real terminal one status line that stays below them. */
export interface Terminal {
  line(text: string): void;
  status(text: string): void;
  /** Removes the status line. */
  end(): void;
}

const CLEAR_LINE = '\r\x1b[2K';

/** Writes to the stream; `stamp` puts the seconds since the start before each line. */
export function openTerminal(stream: NodeJS.WriteStream, stamp = true): Terminal {
  const startedMs = Date.now();
  let status = '';
  const clear = () => (stream.isTTY && status !== '' ? CLEAR_LINE : '');
  const shown = () =>
    stream.isTTY ? status.slice(0, Math.max(0, (stream.columns || 80) - 1)) : '';
  return {
    line(text) {
      const seconds = `${((Date.now() - startedMs) / 1_000).toFixed(1)} s`.padStart(8);
      const stamped = text
        .split('\n')
        .map((one) => (stamp ? `${seconds}  ${one}` : one))
        .join('\n');
      stream.write(`${clear()}${stamped}\n${shown()}`);
    },
    status(text) {
      const before = clear();
      status = text;
      if (stream.isTTY) stream.write(`${before}${shown()}`);
    },
    end() {
      stream.write(clear());
      status = '';
    },
  };
}
