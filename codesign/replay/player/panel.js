"use strict";
// The panel beside the scene: a card for each robot, and a strip of the chosen one over time.
(function (replay) {
  const ROW_PX = 15;

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  class Panel {
    constructor(data, {choose, seek}) {
      this.data = data;
      this.duration = Math.max(...data.robots.map((robot) => robot.seconds));
      this.cards = data.robots.map((robot, i) => this.card(robot, i, choose));
      document.getElementById("replay-robots").append(...this.cards.map((card) => card.button));
      const strip = document.getElementById("replay-strip");
      this.title = strip.querySelector("h2");
      this.rows = strip.querySelector(".rows");
      this.names = strip.querySelector(".names");
      this.time = strip.querySelector(".time");
      this.canvas = strip.querySelector("canvas");
      this.cursor = strip.querySelector(".cursor");
      this.none = strip.querySelector(".none");
      const seekTo = (event) => {
        const box = this.time.getBoundingClientRect();
        seek(replay.clamp((event.clientX - box.left) / box.width, 0, 1) * this.duration);
      };
      this.time.addEventListener("pointerdown", (event) => {
        this.time.setPointerCapture(event.pointerId);
        seekTo(event);
      });
      this.time.addEventListener("pointermove", (event) => {
        if (this.time.hasPointerCapture(event.pointerId)) seekTo(event);
      });
      this.drawn = null;
      new ResizeObserver(() => this.drawStrip()).observe(this.time);
    }

    card(robot, number, choose) {
      const badge = element("b", "badge", String(number + 1));
      badge.style.setProperty("--badge", robot.color);
      const state = element("span", "state");
      const name = element("strong", "", robot.name);
      const numbers = ["score", "distance", "speed"].map(() => element("span"));
      const button = element(
        "button", "robot", element("span", "top", badge, name, state),
        ...(robot.note ? [element("span", "note", robot.note)] : []),
        element("span", "numbers", ...numbers));
      button.type = "button";
      button.title = robot.name;
      button.addEventListener("click", () => choose(number));
      return {button, state, numbers};
    }

    // The numbers of a time.
    show(time, chosen) {
      this.data.robots.forEach((robot, i) => {
        const {button, state, numbers} = this.cards[i];
        const [score, distance, speed] = numbers;
        this.write(state, robot.stateAt(time));
        state.classList.toggle("fell", robot.fell && robot.over(time));
        this.number(score, "score", robot.scoreAt(time).toFixed(0), "");
        this.number(distance, "", robot.distanceAt(time).toFixed(2), "m");
        const over = robot.over(time);
        const speedNow = over ? robot.distanceAt(time) / robot.seconds : robot.speedAt(time);
        this.number(speed, over ? "mean" : "", speedNow.toFixed(2), "m/s");
        button.setAttribute("aria-pressed", String(i === chosen));
      });
      this.cursor.style.left = `${100 * time / this.duration}%`;
    }

    write(place, text) {
      if (place.textContent !== text) place.textContent = text;
    }

    number(place, before, value, unit) {
      if (place.dataset.shown === before + value) return;
      place.dataset.shown = before + value;
      const parts = [];
      if (before) parts.push(element("small", "", `${before} `));
      parts.push(value.replace("-", "−"));
      if (unit) parts.push(element("small", "", ` ${unit}`));
      place.replaceChildren(...parts);
    }

    // What the strip shows: contacts, or torques while limbs have the colors of torques.
    strip(chosen, torques) {
      this.drawn = {robot: this.data.robots[chosen], torques};
      const {robot} = this.drawn;
      const count = robot.nodes.length;
      const used = robot.nodes.map((_, node) => node).filter((node) =>
        torques ? robot.driven[node] : this.touches(robot, node));
      this.drawn.used = used;
      const what = torques ? "Motor torque" : "Ground contacts";
      this.title.textContent = `${what} of ${robot.name}`;
      this.none.hidden = used.length > 0;
      this.none.textContent = torques ? "No node has a motor that works." : "Nothing touches the ground.";
      this.rows.hidden = used.length === 0;
      this.names.replaceChildren(...used.map((node) => {
        const swatch = element("i");
        swatch.style.background = robot.colors[node];
        const row = element("span", "", swatch, robot.nodes[node]);
        row.title = robot.nodes[node];
        return row;
      }));
      this.canvas.setAttribute("aria-label", this.describe(robot, used, count, torques));
      this.drawStrip();
    }

    touches(robot, node) {
      for (let row = node; row < robot.contacts.length; row += robot.nodes.length) {
        if (robot.contacts[row]) return true;
      }
      return false;
    }

    describe(robot, used, count, torques) {
      const values = torques ? robot.efforts : robot.contacts;
      const shares = used.map((node) => {
        let sum = 0;
        for (let row = node; row < values.length; row += count) sum += values[row];
        const share = sum / robot.frames / (torques ? 255 : 1);
        return `${robot.nodes[node]} ${Math.round(100 * share)} %`;
      });
      return `${torques ? "Mean torque" : "Share of time on the ground"}: ${shares.join(", ")}`;
    }

    drawStrip() {
      if (!this.drawn) return;
      const {robot, torques, used} = this.drawn;
      const ratio = window.devicePixelRatio || 1;
      const width = Math.max(1, Math.round(this.time.clientWidth * ratio));
      const height = Math.max(1, Math.round(used.length * ROW_PX * ratio));
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.style.height = `${used.length * ROW_PX}px`;
      const pen = this.canvas.getContext("2d");
      const style = getComputedStyle(document.documentElement);
      const line = style.getPropertyValue("--line").trim();
      const scale = width / this.duration, rowHeight = ROW_PX * ratio;
      used.forEach((node, row) => {
        pen.fillStyle = line;
        pen.fillRect(0, Math.round((row + 1) * rowHeight) - 1, robot.seconds * scale, 1);
        for (let x = 0; x < Math.min(width, robot.seconds * scale); x++) {
          const [from, to] = [x, x + 1].map((each) => robot.nearestFrame(each / scale));
          const value = this.most(robot, node, from, to, torques);
          if (!value) continue;
          pen.fillStyle = torques ? replay.rampColor(value) : robot.colors[node];
          pen.fillRect(x, row * rowHeight + 2 * ratio, 1, rowHeight - 4 * ratio);
        }
      });
    }

    most(robot, node, from, to, torques) {
      const values = torques ? robot.efforts : robot.contacts, count = robot.nodes.length;
      let most = 0;
      for (let frame = from; frame <= to; frame++) {
        most = Math.max(most, values[frame * count + node]);
        if (frame > from && !torques) break;
      }
      return most;
    }
  }

  replay.Panel = Panel;
})(window.codesignReplay);
