import { createHash } from 'node:crypto';

/**
 * The pages' only script. Every page works without it. It shows times in the reader's zone, and while the page is looked
 * at it fetches the page anew whenever the API says that something has changed, and puts in only what differs: so place,
 * focus, selection and open details stay. It is inline, and the content policy allows it by its hash.
 */
export const SCRIPT = `(() => {
  'use strict';
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const steps = [[172800, 86400, 'd'], [3600, 3600, 'h'], [60, 60, 'min'], [0, 1, 's']];
  const ago = (ms) => {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const [, size, unit] = steps.find(([from]) => seconds >= from);
    return Math.floor(seconds / size) + ' ' + unit + ' ago';
  };
  const age = (root) => {
    for (const time of root.querySelectorAll('time[data-ago]')) {
      const words = ago(Date.now() - Date.parse(time.dateTime));
      if (time.textContent !== words) time.textContent = words;
    }
  };
  const localise = (root) => {
    for (const time of root.querySelectorAll('time')) {
      const at = new Date(time.dateTime);
      if (time.hasAttribute('data-local')) time.textContent = local.format(at);
      else time.title = local.format(at);
    }
    age(root);
  };
  localise(document);
  setInterval(() => age(document), 5000);
  document.addEventListener('keydown', (event) => {
    const on = document.activeElement;
    if (event.key === 'Escape' && on instanceof HTMLElement && on.matches('.eth')) on.blur();
  });

  const sign = document.getElementById('sign');
  if (sign) {
    const say = (words) => { document.getElementById('sign-state').textContent = words; };
    sign.hidden = false;
    sign.addEventListener('click', async () => {
      const { ethereum } = window;
      if (!ethereum) return say('This browser has no wallet: sign elsewhere, and paste the signature below.');
      try {
        const { message, signature } = sign.form.elements;
        const data = JSON.parse(message.value);
        const { payee } = data.message;
        const accounts = await ethereum.request({ method: 'eth_requestAccounts' });
        const account = accounts.find((one) => one.toLowerCase() === payee);
        if (account === undefined) return say('Choose the account ' + payee + ' in your wallet, then try again.');
        const chainId = '0x' + data.domain.chainId.toString(16);
        if (await ethereum.request({ method: 'eth_chainId' }) !== chainId) {
          await ethereum.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] });
        }
        say('Look at your wallet, and sign there.');
        signature.value = await ethereum.request({ method: 'eth_signTypedData_v4', params: [account, message.value] });
        sign.form.submit();
      } catch (error) { say('Nothing was signed: ' + ((error && error.message) || error)); }
    });
  }

  const { live } = document.body.dataset;
  if (live === undefined) return;
  const pause = document.getElementById('pause');
  let isPaused = false;
  try { isPaused = localStorage.getItem('openpool.paused') === 'yes'; } catch {}

  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.key : undefined);
  const isSame = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  /** Makes the children of one element like those of another, and keeps every node that can be kept. */
  const morph = (from, to) => {
    const keyed = new Map();
    for (const child of from.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
    let at = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const named = keyOf(wanted) && keyed.get(keyOf(wanted));
      const known = named && isSame(named, wanted) ? named : at && !keyOf(at) && isSame(at, wanted) ? at : null;
      if (known === null) { from.insertBefore(wanted, at); continue; }
      if (known === at) at = at.nextSibling; else from.insertBefore(known, at);
      if (known.nodeType !== 1) { if (known.nodeValue !== wanted.nodeValue) known.nodeValue = wanted.nodeValue; continue; }
      for (const { name } of [...known.attributes]) {
        if (!wanted.hasAttribute(name) && !(name === 'open' && known.nodeName === 'DETAILS')) known.removeAttribute(name);
      }
      for (const { name, value } of wanted.attributes) if (known.getAttribute(name) !== value) known.setAttribute(name, value);
      if (known.nodeName !== 'INPUT') morph(known, wanted);
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };

  let isFetching = false;
  let next = null;
  const refresh = async (state) => {
    if (isFetching) { next = state; return; }
    isFetching = true;
    try {
      const url = new URL(location.href);
      url.searchParams.set('live', state);
      url.hash = '';
      const response = await fetch(url, { headers: { accept: 'text/html' } });
      if (response.ok && !isPaused) {
        const page = new DOMParser().parseFromString(await response.text(), 'text/html');
        localise(page);
        for (const part of ['header .state', 'main', 'footer']) {
          const [from, to] = [document.querySelector(part), page.querySelector(part)];
          if (from && to) morph(from, to);
        }
        show();
      }
    } catch {} finally {
      isFetching = false;
      const state = next;
      next = null;
      if (state !== null) refresh(state);
    }
  };

  let stream = null;
  let again = 0;
  let seen = null;
  const close = () => { clearTimeout(again); if (stream) stream.close(); stream = null; };
  const open = () => {
    close();
    if (isPaused || document.hidden) return;
    stream = new EventSource(live);
    stream.addEventListener('state', ({ data }) => {
      if (data === seen) return;
      seen = data;
      refresh(data);
    });
    // A stream that was refused is not tried again by the browser.
    stream.onerror = () => { if (stream && stream.readyState === EventSource.CLOSED) again = setTimeout(open, 15000); };
  };
  const show = () => {
    const button = document.getElementById('pause');
    if (!button) return;
    button.hidden = false;
    const words = isPaused ? 'Resume updates' : 'Pause updates';
    if (button.textContent !== words) button.textContent = words;
  };
  if (pause) pause.addEventListener('click', () => {
    isPaused = !isPaused;
    try { localStorage.setItem('openpool.paused', isPaused ? 'yes' : 'no'); } catch {}
    seen = null;
    show();
    open();
  });
  document.addEventListener('visibilitychange', open);
  show();
  open();
})();`;

export const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');
