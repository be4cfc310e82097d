"use strict";
// The numbers of the page: arrays of each robot, and what they are at any time.
window.codesignReplay = {};
(function (replay) {
  function bytesOf(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // A path along which a camera moves without the bounce of the torso: means over about a second.
  function smoothed(torso, frames, half) {
    let path = Float64Array.from(torso);
    for (let pass = 0; pass < 2; pass++) {
      const next = new Float64Array(path.length);
      for (let frame = 0; frame < frames; frame++) {
        // The window shrinks at both ends, so that the path begins and ends where the robot does.
        const reach = Math.min(half, frame, frames - 1 - frame);
        for (let axis = 0; axis < 3; axis++) {
          let sum = 0;
          for (let other = frame - reach; other <= frame + reach; other++) {
            sum += path[3 * other + axis];
          }
          next[3 * frame + axis] = sum / (2 * reach + 1);
        }
      }
      path = next;
    }
    return path;
  }

  class Robot {
    constructor(raw, dt) {
      Object.assign(this, raw);
      this.dt = dt;
      this.torso = new Float32Array(bytesOf(raw.torso).buffer);
      this.scores = new Float32Array(bytesOf(raw.scores).buffer);
      this.offsets = new Int16Array(bytesOf(raw.offsets).buffer);
      this.turns = new Int16Array(bytesOf(raw.turns).buffer);
      this.touches = new Int16Array(bytesOf(raw.touches).buffer);
      this.contacts = bytesOf(raw.contacts);
      this.efforts = bytesOf(raw.efforts);
      this.way = smoothed(this.torso, this.frames, Math.round(0.5 / dt));
    }

    // The frame at or before a time, and the share of the way to the next one.
    frameAt(time) {
      const last = this.frames - 1;
      const frame = clamp(Math.floor(time / this.dt + 1e-6), 0, Math.max(0, last - 1));
      if (last === 0) return [0, 0];
      const from = frame * this.dt;
      const to = frame + 1 === last ? this.seconds : from + this.dt;
      return [frame, clamp((time - from) / Math.max(to - from, 1e-9), 0, 1)];
    }

    nearestFrame(time) {
      const [frame, share] = this.frameAt(time);
      return Math.min(this.frames - 1, frame + Math.round(share));
    }

    // A value or a row of values between two frames.
    between(values, width, time) {
      const [frame, share] = this.frameAt(time);
      const next = Math.min(frame + 1, this.frames - 1);
      const row = [];
      for (let i = 0; i < width; i++) {
        row.push((1 - share) * values[width * frame + i] + share * values[width * next + i]);
      }
      return row;
    }

    torsoAt(time) { return this.between(this.torso, 3, time); }
    wayAt(time) { return this.between(this.way, 3, time); }
    scoreAt(time) { return this.between(this.scores, 1, time)[0]; }
    distanceAt(time) { return this.torsoAt(time)[0] - this.torso[0]; }

    // Mean speed along x over the last second (m/s).
    speedAt(time) {
      const end = Math.min(time, this.seconds), start = Math.max(0, end - 1);
      if (end - start < 1e-6) return 0;
      return (this.torsoAt(end)[0] - this.torsoAt(start)[0]) / (end - start);
    }

    over(time) { return time >= this.seconds - 1e-6; }

    stateAt(time) {
      if (!this.over(time)) return "running";
      return `${this.fell ? "fell" : "ended"} at ${this.seconds.toFixed(1)} s`;
    }

    // Writes position and orientation of every mesh at a time, in the frame of the robot.
    posesAt(time, positions, turns) {
      const [frame, share] = this.frameAt(time);
      const next = Math.min(frame + 1, this.frames - 1);
      const torso = this.torsoAt(time);
      const count = this.meshes.length;
      for (let mesh = 0; mesh < count; mesh++) {
        const a = frame * count + mesh, b = next * count + mesh;
        for (let axis = 0; axis < 3; axis++) {
          const offset =
            (1 - share) * this.offsets[3 * a + axis] + share * this.offsets[3 * b + axis];
          positions[mesh][axis] = torso[axis] + this.unit * offset;
        }
        let dot = 0, norm = 0;
        for (let i = 0; i < 4; i++) dot += this.turns[4 * a + i] * this.turns[4 * b + i];
        const sign = dot < 0 ? -1 : 1;
        const turn = turns[mesh];
        for (let i = 0; i < 4; i++) {
          turn[i] =
            (1 - share) * this.turns[4 * a + i] + sign * share * this.turns[4 * b + i];
          norm += turn[i] * turn[i];
        }
        norm = Math.sqrt(norm) || 1;
        for (let i = 0; i < 4; i++) turn[i] /= norm;
      }
    }
  }

  replay.clamp = clamp;
  replay.read = function () {
    const raw = JSON.parse(document.getElementById("replay-data").textContent);
    raw.robots = raw.robots.map((each) => new Robot(each, raw.dt));
    return raw;
  };
})(window.codesignReplay);
