/** Reads JSON with whole numbers as bigint. Numbers with a fraction or an exponent are never money and stay doubles. */
export type Exact = string | bigint | number | boolean | null | readonly Exact[] | ExactObject;
export interface ExactObject {
  readonly [name: string]: Exact;
}

const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/uy;

/** Returns undefined for a text that is not JSON. */
export function parseExact(text: string): Exact | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; text.slice(end).trim() !== ''; end = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (found === null) return undefined;
    tokens.push(found[0].trim());
  }
  try {
    const reader = new TokenReader(tokens);
    const value = reader.value();
    return reader.isAtEnd ? value : undefined;
  } catch {
    return undefined;
  }
}

class TokenReader {
  private at = 0;
  constructor(private readonly tokens: readonly string[]) {}

  get isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  value(): Exact {
    const token = this.next();
    if (token === '{') return this.members();
    if (token === '[') return this.elements();
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (/^-?\d+$/.test(token)) return BigInt(token);
    if (/^-?\d/.test(token)) return Number(token);
    if (token === 'null') return null;
    if (token === 'true' || token === 'false') return token === 'true';
    throw new SyntaxError(`a value cannot begin with ${token}`);
  }

  private members(): ExactObject {
    const object: Record<string, Exact> = Object.create(null);
    if (this.skip('}')) return object;
    do {
      const name = JSON.parse(this.next()) as string;
      this.expect(':');
      object[name] = this.value();
    } while (this.skip(','));
    this.expect('}');
    return object;
  }

  private elements(): Exact[] {
    const list: Exact[] = [];
    if (this.skip(']')) return list;
    do list.push(this.value());
    while (this.skip(','));
    this.expect(']');
    return list;
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) throw new SyntaxError('it ends too early');
    this.at += 1;
    return token;
  }

  private skip(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at += 1;
    return true;
  }

  private expect(token: string): void {
    if (!this.skip(token)) throw new SyntaxError(`${token} is missing`);
  }
}
