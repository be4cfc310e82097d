"use strict";
// The clock, the controls, and window.codesignReplay, through which tests and users drive a replay.
(function (replay) {
  const PATIENCE_MS = 20000, PAUSE_AT_END_S = 0.8;
  const PLAY = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1.5v13l11-6.5z"/></svg>';
  const PAUSE =
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1.5h3.6v13H3zM9.4 1.5H13v13H9.4z"/></svg>';
  const KEYS = [
    ["Space", "play or pause"], ["← →", "a step back or forth; with Shift a second"],
    ["Home End", "to the beginning or the end"], ["↑ ↓", "choose another robot"],
    ["[ ]", "slower or faster"], ["F", "the camera follows, or stands"],
    ["C", "rings at contacts"], ["T", "colors of torques"], ["P", "path of the torso, and its lane"],
    ["L", "loop"], ["R", "reset the view"], ["W A S D", "move the camera"], ["?", "this help"],
  ];
  const find = (id) => document.getElementById(id);
  const data = replay.read();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stage = new replay.Stage(data);
  const duration = Math.max(...data.robots.map((robot) => robot.seconds));
  const options = {
    follow: true, contacts: true, torques: false, path: true, loop: true, chosen: data.chosen,
    rechosen: false,
  };
  const panel = new replay.Panel(data, {choose, seek});
  let time = 0, waited = 0, playing = false, speed = 1, changed = true, before = null;
  let ready = false;

  function seek(to) {
    time = replay.clamp(to, 0, duration);
    waited = 0;
    changed = true;
  }

  function play(wanted = true) {
    playing = wanted;
    if (playing && time >= duration) seek(0);
    changed = true;
    const button = document.querySelector("#replay [data-does=play]");
    button.innerHTML = playing ? PAUSE : PLAY;
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  function choose(number) {
    const count = data.robots.length;
    const wanted = (number + count) % count;
    if (wanted === options.chosen) return;
    options.chosen = wanted;
    options.rechosen = true;
    panel.strip(wanted, options.torques);
    panel.cards[wanted].button.scrollIntoView({block: "nearest"});
    changed = true;
  }

  function setSpeed(value) {
    speed = value;
    find("replay-speed").value = String(value);
  }

  function nextSpeed(step) {
    const values = [...find("replay-speed").options].map((option) => Number(option.value));
    setSpeed(values[replay.clamp(values.indexOf(speed) + step, 0, values.length - 1)]);
  }

  function toggle(name, wanted = !options[name]) {
    options[name] = wanted;
    document.querySelector(`#replay [data-does=${name}]`).setAttribute("aria-pressed", String(wanted));
    if (name === "torques") {
      find("replay-legend").hidden = !wanted;
      panel.strip(options.chosen, wanted);
    }
    changed = true;
  }

  function help() {
    const box = find("replay-help");
    box.hidden = !box.hidden;
    if (!box.hidden) box.querySelector("button").focus();
  }

  const actions = {
    play: () => play(!playing), view: () => ready && stage.resetView(time, options), help,
  };
  for (const name of ["follow", "contacts", "torques", "path", "loop"]) {
    actions[name] = () => toggle(name);
  }

  function step(direction, whole) {
    play(false);
    seek(whole ? time + direction : (Math.round(time / data.dt) + direction) * data.dt);
  }

  const onKey = {
    " ": actions.play, "Home": () => seek(0), "End": () => { play(false); seek(duration); },
    "ArrowLeft": (event) => step(-1, event.shiftKey), "ArrowRight": (event) => step(1, event.shiftKey),
    "ArrowUp": () => choose(options.chosen - 1), "ArrowDown": () => choose(options.chosen + 1),
    "[": () => nextSpeed(-1), "]": () => nextSpeed(1), "f": actions.follow, "c": actions.contacts,
    "t": actions.torques, "p": actions.path, "l": actions.loop, "r": actions.view, "?": help,
    "Escape": () => { find("replay-help").hidden = true; },
  };

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const target = event.target;
    // A button takes the space bar itself, and a list of choices takes every key.
    if (target.tagName === "SELECT" || (key === " " && target.tagName === "BUTTON")) return;
    if (!Object.hasOwn(onKey, key)) return;
    event.preventDefault();
    // The scene's client would move its camera with some of these keys.
    event.stopImmediatePropagation();
    onKey[key](event);
  }

  function advance(now) {
    const seconds = before === null ? 0 : Math.min((now - before) / 1000, 0.25);
    before = now;
    if (!playing) return;
    if (time < duration) {
      time = Math.min(duration, time + speed * seconds);
      changed = true;
      return;
    }
    waited += seconds;
    if (waited < PAUSE_AT_END_S) return;
    if (options.loop) seek(0);
    else play(false);
  }

  function frame(now) {
    requestAnimationFrame(frame);
    advance(now);
    if (changed || stage.shift) {
      stage.show(time, options);
      options.rechosen = false;
      changed = false;
      find("replay-time").value = String(time);
      find("replay-time").setAttribute("aria-valuetext", `${time.toFixed(2)} seconds`);
      find("replay-clock").textContent = `${time.toFixed(2)} / ${duration.toFixed(2)} s`;
      panel.show(time, options.chosen);
    }
    stage.label(time, options);
  }

  function wait(since) {
    if (stage.ready()) {
      stage.start();
      ready = true;
      find("replay-message").hidden = true;
      play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
      requestAnimationFrame(frame);
      return;
    }
    if (performance.now() - since > PATIENCE_MS) {
      find("replay-message").textContent =
        "The 3D scene did not start. It needs WebGL 2: open this file in a current Firefox, " +
        "Chrome, Edge or Safari with hardware acceleration, or write the replay as .gif.";
    }
    setTimeout(() => wait(since), 100);
  }

  function connect() {
    document.querySelectorAll("#replay [data-does]").forEach((button) =>
      button.addEventListener("click", () => actions[button.dataset.does]()));
    window.addEventListener("keydown", pressed, true);
    const slider = find("replay-time");
    slider.max = String(duration);
    slider.addEventListener("input", () => seek(Number(slider.value)));
    find("replay-speed").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
    // The scene's client reads its colors once.
    dark.addEventListener("change", () => location.reload());
    document.querySelector("#replay-legend i").style.background = replay.ramp;
    document.querySelector("#replay-help dl").replaceChildren(...KEYS.flatMap(([key, what]) => {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, text.textContent] = [key, what];
      return [term, text];
    }));
    for (const name of ["follow", "contacts", "torques", "path", "loop"]) toggle(name, options[name]);
    play(false);
    panel.strip(options.chosen, false);
    panel.show(0, options.chosen);
    panel.cards[options.chosen].button.scrollIntoView({block: "nearest"});
  }

  Object.defineProperties(replay, {
    ready: {get: () => ready},
    time: {get: () => time},
    duration: {get: () => duration},
    playing: {get: () => playing},
    speed: {get: () => speed, set: setSpeed},
    options: {get: () => ({...options})},
    // Place of the torso of each robot in the scene, along x, y and z (m).
    positions: {
      get: () => data.robots.map((robot) => {
        const [x, y, z] = robot.torsoAt(time);
        return [x, y + robot.place, z];
      }),
    },
  });
  Object.assign(replay, {play: () => play(true), pause: () => play(false), seek, choose, toggle});
  connect();
  wait(performance.now());
})(window.codesignReplay);
