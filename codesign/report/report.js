"use strict";
// Charts follow the theme of the page, bodies move, and the phylogeny shows the body that was clicked.
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

  // Moving pictures: the ones in the window show one frame after another, until a button stops all.
  const ICONS = {
    Play: "M3 1.5v11l9-5.5z", Pause: "M2.5 1.5h3.2v11H2.5zM8.3 1.5h3.2v11H8.3z",
  };
  const films = [...document.querySelectorAll(".film")].map((picture) => ({
    picture, use: picture.querySelector("use"), name: picture.dataset.film, frame: 0, seen: false,
    count: Number(picture.dataset.frames), ms: Number(picture.dataset.ms),
  }));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      films.find((film) => film.picture === entry.target).seen = entry.isIntersecting;
    }
  });
  let moving = false;
  const step = (now) => {
    if (!moving) return;
    for (const film of films) {
      const frame = Math.floor(now / film.ms) % film.count;
      if (!film.seen || frame === film.frame) continue;
      film.frame = frame;
      film.use.setAttribute("href", `#${film.name}-${frame}`);
    }
    requestAnimationFrame(step);
  };
  const move = (wanted) => {
    moving = wanted;
    for (const { button } of films) {
      const name = wanted ? "Pause" : "Play";
      button.setAttribute("aria-label", `${name} all moving pictures`);
      button.firstChild.firstChild.setAttribute("d", ICONS[name]);
    }
    if (wanted) requestAnimationFrame(step);
  };
  for (const film of films) {
    film.button = document.createElement("button");
    film.button.type = "button";
    film.button.className = "motion screen";
    film.button.innerHTML = '<svg viewBox="0 0 14 14" aria-hidden="true"><path/></svg>';
    film.button.addEventListener("click", () => move(!moving));
    film.picture.after(film.button);
    watch.observe(film.picture);
  }
  move(films.length > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches);

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
