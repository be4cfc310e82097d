// Runs in a tab when it connects, with OPTIONS: ids of elements of the page, and a key.
(() => {
  const byId = (id) => document.getElementById(id);
  const whenThere = (id, then, left = 100) => {
    const element = byId(id);
    if (element) then(element);
    else if (left > 0) setTimeout(() => whenThere(id, then, left - 1), 50);
  };
  const previous = window.codesignStudio;
  if (previous) previous.abort();
  const control = new AbortController();
  window.codesignStudio = control;
  const listen = (target, kind, then) =>
    target.addEventListener(kind, then, { signal: control.signal, capture: true });

  // The theme of the browser, and its changes.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => whenThere(dark.matches ? OPTIONS.dark : OPTIONS.light, (b) => b.click());
  if (dark.matches) follow();
  listen(dark, "change", follow);

  // A file into the input of an upload button, as if it had been chosen there.
  const upload = (id, file) =>
    whenThere("file_upload_" + id, (input) => {
      const files = new DataTransfer();
      files.items.add(file);
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  listen(window, "dragover", (event) => event.preventDefault());
  listen(window, "drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer ? event.dataTransfer.files : [];
    if (file) upload(OPTIONS.drop, file);
  });

  // Pictures that press a button which viser knows.
  listen(document, "click", (event) => {
    const picture = event.target.closest("[data-press]");
    if (picture) whenThere(picture.dataset.press, (button) => button.click());
  });

  // Help beside the panel, on what the pointer or the keyboard is on.
  const hints = (window.codesignHints ??= {});
  const help = document.createElement("div");
  help.id = "codesign-help";
  help.role = "tooltip";
  help.hidden = true;
  help.style.cssText =
    "position:fixed;z-index:2000;max-width:15rem;padding:0.4em 0.7em;border-radius:4px;" +
    "font-size:0.8rem;line-height:1.4;background:#212529;color:#fff;border:1px solid #868e96;" +
    "pointer-events:none";
  document.body.append(help);
  control.signal.addEventListener("abort", () => help.remove(), { once: true });
  const helpOn = (target) => {
    for (let element = target, left = 8; element && left > 0; left -= 1) {
      if (element.dataset && element.dataset.help) return [element, element.dataset.help];
      const ids = [element.id, element.htmlFor, ...[...element.children].map((each) => each.id)];
      const known = ids.find((id) => id && Object.hasOwn(hints, id));
      if (known) return [element, hints[known]];
      element = element.parentElement;
    }
    return [null, ""];
  };
  const place = (element) => {
    let panel = element;
    while (panel.parentElement && panel.parentElement.offsetWidth < 0.6 * innerWidth)
      panel = panel.parentElement;
    const [row, edge] = [element.getBoundingClientRect(), panel.getBoundingClientRect()];
    const left = edge.left - help.offsetWidth - 8;
    help.style.left = `${left > 0 ? left : edge.right + 8}px`;
    help.style.top = `${Math.max(4, Math.min(row.top, innerHeight - help.offsetHeight - 4))}px`;
  };
  let shown = null;
  let timer = 0;
  const show = (target, wait) => {
    const [element, text] = helpOn(target);
    if (element === shown) return;
    clearTimeout(timer);
    help.hidden = true;
    shown = element;
    if (!element) return;
    timer = setTimeout(() => {
      help.textContent = text;
      help.hidden = false;
      place(element);
    }, wait);
  };
  const hush = () => {
    clearTimeout(timer);
    help.hidden = true;
  };
  listen(document, "pointerover", (event) => show(event.target, 400));
  listen(document, "pointerdown", hush);
  listen(document, "focusin", (event) => {
    if (!event.target.matches(":focus-visible")) return;
    show(event.target, 0);
    event.target.setAttribute("aria-describedby", "codesign-help");
  });
  listen(document, "focusout", () => show(null, 0));
  listen(document, "keydown", (event) => {
    if (event.key === "Escape") hush();
  });

  // The design that this tab had before a reload.
  whenThere(OPTIONS.start, (start) => {
    let kept = null;
    try {
      kept = sessionStorage.getItem(OPTIONS.key);
    } catch (error) {
      kept = null;
    }
    if (kept) upload(OPTIONS.restore, new File([kept], "kept.json"));
    else start.click();
  });
})();
