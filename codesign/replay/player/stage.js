"use strict";
// The 3D scene: moves and colors the meshes that viser's client has made, and the camera.
(function (replay) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  // Colors of torques from none to the largest: lightness changes all the way, away from that of
  // the page.
  const RAMP = dark
    ? ["#454d60", "#684f96", "#b5447f", "#ec6d47", "#ffc93d"]
    : ["#e8e4dc", "#f6c66b", "#ee8434", "#c7385d", "#6d1a70", "#260f4a"];
  // With more robots than this, or less room for each (px), only the chosen one has its name above.
  const MOST_NAMES = 5, NAME_PX = 130;
  // Distance from which the camera looks at a robot that the user chose (m), if it was farther away.
  const NEAR_M = 5;
  // Width by height of a window that shows a whole row, and how much farther the camera may stand.
  const WIDE = 1.4, FARTHEST = 2.5;
  const GROUND = {
    dark: {cellColor: 0x222a35, sectionColor: 0x3a4656, shadowOpacity: 0.6},
    light: {cellColor: 0xe4e7ec, sectionColor: 0xc4cad3, shadowOpacity: 0.3},
  };
  const TERRAIN_DARK = {
    "/terrain/surface": 0x2b333e, "/terrain/boxes": 0x4d5868, "/terrain/lines": 0x5a6676,
    "/terrain/goals": 0xe08a1e,
  };

  function rampColor(share) {
    const place = replay.clamp(share, 0, 1) * (RAMP.length - 1);
    const from = Math.min(Math.floor(place), RAMP.length - 2), part = place - from;
    const mix = (shift) => {
      const of = (text) => (parseInt(text.slice(1), 16) >> shift) & 255;
      return Math.round((1 - part) * of(RAMP[from]) + part * of(RAMP[from + 1]));
    };
    return (mix(16) << 16) | (mix(8) << 8) | mix(0);
  }

  const COLORS = Array.from({length: 256}, (_, effort) => rampColor(effort / 255));

  function firstMesh(object) {
    let found = null;
    object.traverse((each) => {
      if (found === null && each.isMesh && each.material && each.material.color) found = each;
    });
    return found;
  }

  class Stage {
    constructor(data) {
      this.data = data;
      this.viser = null;
      this.marks = document.getElementById("replay-marks");
      this.meters = [];
      this.names = [];
    }

    // Whether viser's client has made all that the player moves.
    ready() {
      const viser = window.__viserMutable;
      if (!viser || !viser.cameraControl || !viser.camera || !viser.nodeRefFromName[""]) {
        return false;
      }
      const made = (name) => viser.nodeRefFromName[name] && viser.nodePoseData[name];
      return this.data.scenery.every((name) => viser.nodeRefFromName[name]) && this.data.robots.every(
        (robot) => robot.meshes.every(made) && robot.discs.every(made)
          && viser.nodeRefFromName[robot.lane] && (robot.frames < 2 || viser.nodeRefFromName[robot.path]));
    }

    start() {
      this.viser = window.__viserMutable;
      const refs = this.viser.nodeRefFromName;
      this.robots = this.data.robots.map((robot) => ({
        robot,
        positions: robot.meshes.map(() => [0, 0, 0]),
        turns: robot.meshes.map(() => [1, 0, 0, 0]),
        meshes: robot.meshes.map((name) => firstMesh(refs[name])),
        discs: robot.discs.map((name) => firstMesh(refs[name])),
        lines: this.linesOf(refs[robot.path]),
        lane: this.linesOf(refs[robot.lane]),
      }));
      for (const shown of this.robots) {
        shown.colors = shown.meshes.map((mesh) => mesh.material.color.getHex());
        for (const disc of shown.discs) {
          disc.material.emissive.set(this.data.contactColor);
          disc.material.emissiveIntensity = 0.7;
          disc.visible = false;
        }
      }
      const Vector = this.robots[0].meshes[0].position.constructor;
      this.vector = new Vector();
      this.target = new Vector();
      this.tint();
      this.standBack();
      this.home = {
        position: this.viser.cameraControl.getPosition(new Vector()),
        target: this.viser.cameraControl.getTarget(new Vector()),
      };
      this.own = false;
      this.anchor = this.placeOf(this.data.chosen, 0);
      this.shift = null;
    }

    // A row of robots fits a narrow window from farther away.
    standBack() {
      const {clientWidth, clientHeight} = this.viser.canvas, control = this.viser.cameraControl;
      const factor = replay.clamp(WIDE * clientHeight / Math.max(clientWidth, 1), 1, FARTHEST);
      if (this.robots.length < 2 || factor === 1) return;
      control.dollyTo(factor * control.distance, false);
      control.update(0);
    }

    linesOf(object) {
      const found = [];
      if (object) {
        object.traverse((each) => {
          if (each.geometry && each.geometry.isInstancedBufferGeometry) found.push(each);
        });
      }
      return found;
    }

    // Colors of ground and background that fit the page.
    tint() {
      const values = dark ? GROUND.dark : GROUND.light;
      const ground = this.viser.nodeRefFromName["/ground"];
      if (ground) ground.traverse((each) => {
        const uniforms = each.material && each.material.uniforms;
        if (!uniforms || !uniforms.cellColor) return;
        uniforms.cellColor.value.set(values.cellColor);
        uniforms.sectionColor.value.set(values.sectionColor);
        uniforms.shadowOpacity.value = values.shadowOpacity;
      });
      if (dark) this.darken();
      for (let each = this.viser.canvas; each && each.id !== "root"; each = each.parentElement) {
        each.style.backgroundColor = "transparent";
      }
    }

    // Colors of uneven ground, and of what stands on the ground, on a dark page.
    darken() {
      for (const name of this.data.scenery) {
        const mesh = firstMesh(this.viser.nodeRefFromName[name]);
        mesh.material.color.setHex(TERRAIN_DARK[name.split("-")[0]]);
      }
    }

    place(name, position, turn) {
      const pose = this.viser.nodePoseData[name];
      pose.position = position;
      pose.wxyz = turn;
      pose.poseUpdateState = "needsUpdate";
    }

    // Show a time, with what of it the options say.
    show(time, options) {
      for (const shown of this.robots) {
        const robot = shown.robot;
        robot.posesAt(time, shown.positions, shown.turns);
        robot.meshes.forEach((name, i) => this.place(name, shown.positions[i], shown.turns[i]));
        const frame = robot.nearestFrame(time);
        this.showContacts(shown, frame, options.contacts);
        this.paint(shown, frame, options.torques);
        for (const line of shown.lane) line.visible = options.path;
        for (const line of shown.lines) {
          line.visible = options.path && frame > 0;
          line.geometry.instanceCount = frame;
        }
      }
      this.follow(time, options);
      this.viser.requestRender();
    }

    showContacts(shown, frame, wanted) {
      const robot = shown.robot, count = robot.nodes.length;
      shown.discs.forEach((disc, node) => {
        const row = frame * count + node;
        disc.visible = wanted && robot.contacts[row] > 0;
        if (!disc.visible) return;
        const [x, y, z] = [0, 1, 2].map((axis) =>
          robot.torso[3 * frame + axis] + robot.unit * robot.touches[3 * row + axis]);
        this.place(robot.discs[node], [x, y, z + 0.01], [1, 0, 0, 0]);
      });
    }

    paint(shown, frame, wanted) {
      const robot = shown.robot, count = robot.nodes.length;
      shown.meshes.forEach((mesh, i) => {
        const node = robot.nodeOfMesh[i];
        const colored = wanted && node >= 0 && robot.driven[node];
        const color = colored ? COLORS[robot.efforts[frame * count + node]] : shown.colors[i];
        mesh.material.color.setHex(color);
      });
    }

    // The place in the scene that the camera of a robot goes with. Until the user chooses a robot,
    // that is in the middle of the row.
    placeOf(number, time) {
      const robots = this.data.robots, robot = robots[number];
      const [x, y, z] = robot.wayAt(time), height = this.data.terrain ? z - robot.way[2] : 0;
      if (this.own) return [x, y + robot.place, height];
      const sum = robots.reduce((total, each) => total + each.wayAt(time)[1], 0);
      return [x, sum / robots.length + robot.place, height];
    }

    // Move the camera with the chosen robot; how the user turned and zoomed it stays.
    follow(time, options) {
      if (!options.follow) {
        this.anchor = null;
        this.shift = null;
        return;
      }
      this.own ||= options.rechosen;
      const place = this.placeOf(options.chosen, time);
      if (options.rechosen) this.shiftTo(place);
      if (this.anchor === null) this.anchor = place;
      const moved = place.map((value, i) => value - this.anchor[i]);
      this.anchor = place;
      if (this.shift) this.addShift(moved);
      if (!moved.some((value) => Math.abs(value) > 1e-7)) return;
      this.cameraBy(moved);
    }

    cameraBy(moved) {
      const control = this.viser.cameraControl;
      control.getTarget(this.target, true);
      this.vector.set(...moved).applyQuaternion(this.viser.nodeRefFromName[""].quaternion);
      this.target.add(this.vector);
      control.moveTo(this.target.x, this.target.y, this.target.z, false);
      // Names are put where the scene will be drawn, not where it was.
      control.update(0);
      this.viser.camera.updateMatrixWorld();
    }

    // Begin to move the middle of the view to a robot that was just chosen, over half a second.
    shiftTo(place) {
      const control = this.viser.cameraControl, root = this.viser.nodeRefFromName[""];
      control.getTarget(this.target, true);
      const inverse = root.quaternion.clone().invert();
      const from = this.target.applyQuaternion(inverse);
      const to = [place[0], place[1], place[2] + this.data.ground + 0.4];
      this.anchor = place;
      this.shift = {
        by: [to[0] - from.x, to[1] - from.y, to[2] - from.z], done: 0, start: performance.now(),
        nearer: Math.max(0, control.distance - NEAR_M), distance: control.distance,
      };
    }

    addShift(moved) {
      const {by, done, start, nearer, distance} = this.shift;
      const share = replay.clamp((performance.now() - start) / 500, 0, 1);
      const eased = share * share * (3 - 2 * share);
      by.forEach((value, i) => { moved[i] += (eased - done) * value; });
      if (nearer > 0) this.viser.cameraControl.dollyTo(distance - eased * nearer, false);
      this.shift.done = eased;
      if (share >= 1) this.shift = null;
    }

    // The view from the beginning, around the chosen robot if the camera follows it.
    resetView(time, options) {
      const control = this.viser.cameraControl;
      const {position, target} = this.home;
      this.vector.set(0, 0, 0);
      this.shift = null;
      if (options.follow) {
        const from = this.placeOf(this.data.chosen, 0), to = this.placeOf(options.chosen, time);
        this.vector.set(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
        this.vector.applyQuaternion(this.viser.nodeRefFromName[""].quaternion);
      }
      const {x, y, z} = this.vector;
      control.setLookAt(position.x + x, position.y + y, position.z + z,
        target.x + x, target.y + y, target.z + z, true);
      this.viser.requestRender();
    }

    // Where a point of the scene is in the window; null behind the camera.
    project(x, y, z) {
      const root = this.viser.nodeRefFromName[""], camera = this.viser.camera;
      const point = this.vector.set(x, y, z).applyQuaternion(root.quaternion);
      const depth = point.clone().applyMatrix4(camera.matrixWorldInverse).z;
      if (depth > -0.05) return null;
      point.project(camera);
      const {clientWidth, clientHeight} = this.viser.canvas;
      return [(point.x + 1) / 2 * clientWidth, (1 - point.y) / 2 * clientHeight, -depth];
    }

    // Meters along the ground, and names above robots where there are several.
    label(time, options) {
      this.labelMeters();
      if (this.data.robots.length > 1) this.labelNames(time, options.chosen);
    }

    labelMeters() {
      const places = this.data.robots.map((robot) => robot.place);
      const sides = [Math.min(...places) - 0.75];
      if (places.length > 1) sides.push(Math.max(...places) + 0.75);
      const middle = this.anchor ? Math.round(this.anchor[0]) : 0, used = [];
      for (const side of sides) {
        let last = null;
        for (let meter = middle - 7; meter <= middle + 9; meter++) {
          const spot = this.project(meter, side, this.levelAt(sides.indexOf(side), meter));
          if (!spot || spot[2] > 22) continue;
          if (last && Math.hypot(spot[0] - last[0], spot[1] - last[1]) < 36) continue;
          last = spot;
          used.push([`${meter} m`.replace("-", "\u2212"), spot]);
        }
      }
      this.put(this.meters, used, "meter");
    }

    // Height of the ground beside the lanes: on the right (0) or the left.
    levelAt(side, meter) {
      const terrain = this.data.terrain;
      const level = terrain && terrain.levels[side][meter - terrain.first];
      return level ?? this.data.ground;
    }

    labelNames(time, chosen) {
      const most = Math.min(MOST_NAMES, this.viser.canvas.clientWidth / NAME_PX);
      const used = this.data.robots.map((robot, i) => {
        const [x, y, z] = robot.torsoAt(time);
        return [String(i), this.project(x, y + robot.place, z + 0.15 + 0.28 * robot.size), robot];
      });
      this.put(this.names, used, "name", (label, robot, i) => {
        if (!label.firstChild) {
          const badge = document.createElement("b");
          badge.className = "badge";
          badge.textContent = String(i + 1);
          badge.style.setProperty("--badge", robot.color);
          label.append(badge, document.createElement("span"));
        }
        const named = i === chosen || this.data.robots.length <= most;
        const text = named ? robot.name : "";
        if (label.lastChild.textContent !== text) label.lastChild.textContent = text;
        label.classList.toggle("bare", !named);
        label.classList.toggle("chosen", i === chosen);
        label.classList.toggle("over", robot.over(time));
      });
    }

    put(labels, used, kind, fill) {
      while (labels.length < used.length) {
        const label = document.createElement("span");
        label.className = kind;
        this.marks.append(label);
        labels.push(label);
      }
      labels.forEach((label, i) => {
        const spot = i < used.length ? used[i][1] : null;
        label.hidden = !spot;
        if (!spot) return;
        if (fill) fill(label, used[i][2], i);
        else if (label.textContent !== used[i][0]) label.textContent = used[i][0];
        label.style.transform =
          `translate(${spot[0].toFixed(1)}px, ${spot[1].toFixed(1)}px) translate(-50%, -50%)`;
      });
    }
  }

  replay.Stage = Stage;
  replay.rampColor = (effort) => `#${COLORS[effort].toString(16).padStart(6, "0")}`;
  replay.ramp = `linear-gradient(to right, ${RAMP.join(", ")})`;
})(window.codesignReplay);
