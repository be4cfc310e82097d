"use strict";
// Charts follow the theme of the page; the phylogeny shows the body that was clicked.
(() => {
  const token = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faint = (color) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    return `rgba(${red}, ${green}, ${blue}, 0.18)`;
  };
  // A name in braces stands for a color of the theme.
  const themed = (value) => {
    if (typeof value === "string") {
      const found = /^\{([a-z-]+)\}$/.exec(value);
      if (!found) return value;
      return found[1] === "band" ? faint(token("accent")) : token(found[1]);
    }
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, themed(one)]));
    }
    return value;
  };
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const charts = document.querySelectorAll(".chart");
  const PAPER = 690;
  const draw = () => {
    for (const chart of charts) {
      const { data, layout } = themed(figures[chart.dataset.figure]);
      const base = {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: token("text"), size: 12.5, color: token("ink") },
        hoverlabel: { bgcolor: token("raised"), font: { color: token("ink") } },
      };
      // Paper has no resize event that charts could follow.
      const size = matchMedia("print").matches ? { width: Math.min(chart.clientWidth, PAPER) } : {};
      const all = { ...base, ...layout, ...size };
      Plotly.react(chart, data, all, { displayModeBar: false, responsive: true });
    }
  };
  draw();
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", draw);
  }

  const panel = document.getElementById("relative");
  const relatives = [...document.querySelectorAll(".relative")];
  const show = (button) => {
    for (const one of relatives) one.setAttribute("aria-pressed", String(one === button));
    panel.replaceChildren(document.getElementById(button.dataset.shows).content.cloneNode(true));
  };
  relatives.forEach((button, index) => {
    button.addEventListener("click", () => show(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step && relatives[index + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
      show(next);
    });
  });
  const first = relatives.find((one) => one.dataset.first === "yes");
  if (first) {
    show(first);
    const scroll = first.closest(".tree-scroll");
    scroll.scrollLeft = first.offsetLeft;
  }
})();
