/** The steps of an action: what it needs to know, what it would come to, and what it came to. */
import type { RunningPool } from '../../../client/running-pool.js';
import { type Html, Notice, Section } from '../../page/kit/parts.js';
import { type Choice, type Given, type Input, valuesOf } from '../actions/action.js';
import { ACTIONS, type ActionName } from '../actions/actions.js';
import { actionPath, Frame, Hidden, Outcome } from '../frame.js';
import type { Signed } from '../session.js';

interface StepProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly name: ActionName;
  readonly given: Given;
}

interface AskProps extends StepProps {
  /** What can be ticked, by the name of the input. */
  readonly choices?: Readonly<Record<string, readonly Choice[]>>;
  /** What is wrong with what was given before. */
  readonly wrong?: string;
}

/** Asks for what the action needs to know before its dry run. */
export function AskPage({ pool, signed, name, given, choices = {}, wrong }: AskProps): Html {
  const { title, inputs = [] } = ACTIONS[name];
  return (
    <Frame pool={pool} signed={signed} title={title} path={pathOf(name)}>
      {wrong !== undefined && (
        <Notice tone="bad" title="That does not work">
          <p>{wrong}</p>
        </Notice>
      )}
      <Section title={title} note="nothing happens yet: what it would come to is shown first">
        <form class="ask" method="post" action={actionPath(name)}>
          <Hidden signed={signed} action={name} subject={given.subject} />
          {inputs.map((input) => (
            <Field
              input={input}
              value={given.inputs[input.name]}
              choices={choices[input.name] ?? []}
            />
          ))}
          <button type="submit" class="first">
            Show what it would do
          </button>
        </form>
      </Section>
    </Frame>
  );
}

const pathOf = (name: ActionName) => (name === 'payout.pay' ? '/operator/pay' : '/operator');

interface FieldProps {
  readonly input: Input;
  readonly value: string | undefined;
  readonly choices: readonly Choice[];
}

function Field({ input, value, choices }: FieldProps): Html {
  const { name, label, hint, kind, isOptional = false } = input;
  if (kind === 'choices') return <Choices input={input} value={value} choices={choices} />;
  if (kind === 'checkbox') {
    return (
      <label class="tick">
        <input type="checkbox" name={name} checked={value === 'on'} />
        {label}
      </label>
    );
  }
  return (
    <>
      <label for={name}>{label}</label>
      <input
        id={name}
        type="text"
        name={name}
        value={value ?? ''}
        required={!isOptional}
        aria-describedby={hint === undefined ? undefined : `${name}-hint`}
        spellcheck={false}
        autocomplete="off"
      />
      {hint !== undefined && <small id={`${name}-hint`}>{hint}</small>}
    </>
  );
}

/** What can be ticked, and a field for what is not in the list. */
function Choices({ input: { name, label, hint = '' }, value, choices }: FieldProps): Html {
  const given = valuesOf(value);
  const listed = new Set(choices.map((choice) => choice.value));
  return (
    <fieldset>
      <legend>{label}</legend>
      {choices.length === 0 && <p class="empty">None waits now.</p>}
      {choices.map((choice) => (
        <label class="tick">
          <input
            type="checkbox"
            name={name}
            value={choice.value}
            checked={given.includes(choice.value)}
          />
          <span>{choice.words}</span>
        </label>
      ))}
      <label for={name}>Others</label>
      <input
        id={name}
        type="text"
        name={name}
        value={given.filter((one) => !listed.has(one)).join(' ')}
        aria-describedby={`${name}-hint`}
        spellcheck={false}
        autocomplete="off"
      />
      <small id={`${name}-hint`}>{hint}</small>
    </fieldset>
  );
}

interface ConfirmProps extends StepProps {
  readonly outcome: readonly string[];
  /** Stands for the outcome: what is confirmed is what was looked at. */
  readonly seen: string;
  /** Why this page comes again. */
  readonly again?: string;
}

/** Shows the dry run's result, and asks why it is to be done. */
export function ConfirmPage(props: ConfirmProps): Html {
  const { pool, signed, name, given, outcome, seen, again } = props;
  const { title, label } = ACTIONS[name];
  return (
    <Frame pool={pool} signed={signed} title={title} path={pathOf(name)}>
      {again !== undefined && (
        <Notice tone="warn" title="Nothing was done">
          <p>{again}</p>
        </Notice>
      )}
      <Section title={title} note={<span class="whole">{given.subject}</span>}>
        <p class="empty">This is what it would come to. Nothing has happened yet.</p>
        <Outcome lines={outcome} />
        <form class="ask" method="post" action={actionPath(name)}>
          <Hidden signed={signed} action={name} subject={given.subject} />
          <input type="hidden" name="seen" value={seen} />
          {Object.entries(given.inputs).map(([key, value]) => (
            <input type="hidden" name={key} value={value} />
          ))}
          <Reason />
          <button type="submit" class="first">
            Do it: {label}
          </button>
          <a href="/operator">Leave it</a>
        </form>
      </Section>
    </Frame>
  );
}

export const Reason = (): Html => (
  <>
    <label for="reason">Why?</label>
    <input
      id="reason"
      type="text"
      name="reason"
      required
      maxlength={500}
      autocomplete="off"
      aria-describedby="reason-hint"
    />
    <small id="reason-hint">The audit log keeps it, with the name of your token.</small>
  </>
);

interface DoneProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  /** What was done, as its page was called. */
  readonly title: string;
  readonly outcome: readonly string[];
}

export const DonePage = ({ pool, signed, title, outcome }: DoneProps): Html => (
  <Frame pool={pool} signed={signed} title="Done">
    <Section title="Done" note={title}>
      <Outcome lines={outcome} />
      <p class="empty">
        <a href="/operator">What else needs a hand</a>
      </p>
    </Section>
  </Frame>
);

interface RefusedProps {
  readonly pool: RunningPool;
  readonly signed: Signed | undefined;
  readonly message: string;
  readonly help: string;
  readonly code: string;
}

export const RefusedPage = ({ pool, signed, message, help, code }: RefusedProps): Html => (
  <Frame pool={pool} signed={signed} title="Not done">
    <Notice tone="bad" title={message}>
      <p>{help}</p>
    </Notice>
    <p class="dim">
      {code} · <a href="/operator">What needs a hand</a>
    </p>
  </Frame>
);
