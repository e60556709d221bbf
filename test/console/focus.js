/** Marks the control with the focus as visited, and lists those that are left. */
globalThis.markStop = function markStop() {
  const { activeElement } = document;
  const isNew = !activeElement.hasAttribute('data-visited');
  activeElement.setAttribute('data-visited', '');
  const dialog = document.querySelector('dialog[open]');
  const controls = (dialog ?? document).querySelectorAll('a[href], button, input, select, textarea, summary');
  const left = [...controls].filter(
    (control) => !control.matches(':disabled, [data-visited]') && control.checkVisibility(),
  );
  const isDialogOpener =
    isNew &&
    !dialog &&
    activeElement.tagName === 'BUTTON' &&
    /…$|^New |^Kill/.test(activeElement.textContent.trim());
  if (isDialogOpener) globalThis.opener = activeElement;
  return { isDialogOpener, left: left.map((control) => control.outerHTML.slice(0, 160)) };
};

/** Whether Tab would type into the JSON editor. */
globalThis.isInEditor = function isInEditor() {
  return document.activeElement.shadowRoot?.activeElement != null;
};

/** Whether the focus is elsewhere than on the button that opened the last dialog. */
globalThis.faultOfReturn = function faultOfReturn() {
  const { activeElement } = document;
  return activeElement === globalThis.opener
    ? undefined
    : `the focus does not return to ${globalThis.opener.outerHTML.slice(0, 160)}, but to ${activeElement.outerHTML.slice(0, 80)}`;
};

/** Why the focus can't be seen; undefined if it can. */
globalThis.faultOfFocus = function faultOfFocus() {
  const host = document.activeElement;
  const focused = host.shadowRoot?.activeElement ?? host;
  // After the last control the focus leaves the page.
  if (focused === document.body) return undefined;
  const name = focused.outerHTML.slice(0, 160);
  const { outlineStyle, outlineWidth } = getComputedStyle(focused.closest('.cm-editor') ?? focused);
  if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 1) return `no outline: ${name}`;
  // A link of two lines has two boxes.
  const [{ left, top, right, bottom, width, height }] = focused.getClientRects();
  if (width < 8 || height < 8) return `too small: ${name}`;
  // A point of it in the window must not be covered.
  const x = (Math.max(0, left) + Math.min(innerWidth, right)) / 2;
  const y = (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2;
  const shown = (host === focused ? document : host.shadowRoot).elementFromPoint(x, y);
  return focused.contains(shown) ? undefined : `covered by ${shown?.outerHTML.slice(0, 80)}: ${name}`;
};
