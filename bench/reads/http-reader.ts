/** One connection that reads over HTTP/1.1, so bare that it costs little beside what it asks. */
import { connect, type Socket } from 'node:net';

export interface ReadAnswer {
  readonly status: number;
  readonly bytes: number;
}

interface ReaderOptions {
  readonly url: URL;
  /** Called when the connection is open, also after it was lost and opened again. */
  readonly onOpen: (reader: HttpReader) => void;
  readonly onAnswer: (answer: ReadAnswer, reader: HttpReader) => void;
  readonly onLost: () => void;
}

const AGAIN_MS = 50;

/** All connections read into the same memory: a buffer for each piece would cost the reader more than reading it. */
const MEMORY = Buffer.allocUnsafe(256 * 1024);

/** Answers must have a Content-Length. The next request may be sent when the last one is answered. */
export class HttpReader {
  private socket: Socket | undefined;
  private head = '';
  /** The bytes of the answer that are still to come; negative while its head is read. */
  private left = -1;
  private status = 0;
  private bytes = 0;
  private isOver = false;

  constructor(private readonly options: ReaderOptions) {
    this.open();
  }

  ask(path: string): void {
    this.bytes = 0;
    this.socket?.write(`GET ${path} HTTP/1.1\r\nHost: ${this.options.url.host}\r\n\r\n`);
  }

  close(): void {
    this.isOver = true;
    this.socket?.destroy();
  }

  private open(): void {
    const { url, onOpen, onLost } = this.options;
    const socket = connect({
      port: Number(url.port),
      host: url.hostname,
      onread: {
        buffer: MEMORY,
        callback: (length) => {
          this.read(MEMORY.subarray(0, length));
          return true;
        },
      },
    });
    this.socket = socket;
    this.head = '';
    this.left = -1;
    socket.setNoDelay(true);
    socket.on('connect', () => onOpen(this));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.isOver) return;
      onLost();
      setTimeout(() => this.open(), AGAIN_MS);
    });
  }

  private read(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.left >= 0) this.left -= chunk.length;
    else if (!this.readHead(chunk)) return;
    if (this.left > 0 || this.isOver) return;
    this.left = -1;
    this.options.onAnswer({ status: this.status, bytes: this.bytes }, this);
  }

  /** Whether the head is complete now. */
  private readHead(chunk: Buffer): boolean {
    this.head += chunk.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.head.slice(0, end));
    this.left = Number(length?.[1] ?? 0) - (this.head.length - end - 4);
    this.status = Number(this.head.slice(9, 12));
    this.head = '';
    return true;
  }
}
