"use strict";
// Lets a reader ask the histogram: hover or arrow keys read it, a click hides a curve, buttons
// change the axes. Without it the page shows the same picture.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const HALF_MARK = 5;

  const make = (name, attributes, text) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const niceStep = (reach, parts) => {
    const rough = reach / parts;
    const scale = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 2.5, 5, 10].map((factor) => factor * scale).find((step) => step >= rough);
  };

  const valueAt = (curve, values, dose) => {
    const doses = curve.dose;
    const upper = doses.findIndex((one) => one >= dose);
    if (upper < 0) return 0;
    if (upper === 0) return values[0];
    const span = doses[upper] - doses[upper - 1];
    const share = span > 0 ? (dose - doses[upper - 1]) / span : 1;
    return values[upper - 1] + share * (values[upper] - values[upper - 1]);
  };

  const enliven = (figure) => {
    const svg = figure.querySelector("svg.dvh");
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const output = figure.querySelector("output");
    const [left, top, width, height, end] =
      ["left", "top", "width", "height", "end"].map((key) => Number(svg.dataset[key]));
    const state = { relative: false, cc: false, dose: end / 2, curve: 0 };
    const hidden = new Set();
    const largest = Math.max(...data.curves.map((curve) => curve.cc || 0));
    const ccTop = largest > 0 ? Math.ceil(largest / niceStep(largest, 5)) * niceStep(largest, 5) : 1;

    const number = (value, digits) => value.toFixed(digits).replace(".", data.comma);
    const x = (dose) => left + width * Math.min(dose / end, 1);
    const y = (percent, curve) => {
      const share = state.cc ? percent * (curve.cc || 0) / 100 / ccTop : percent / 100;
      return top + height * (1 - Math.min(Math.max(share, 0), 1));
    };
    const at = (curve, values) => (dose, i) => `${x(dose).toFixed(1)} ${y(values[i], curve).toFixed(1)}`;

    const drawAxes = () => {
      const axes = svg.querySelector(".axes");
      axes.replaceChildren();
      const bottom = top + height, right = left + width;
      const volumeTop = state.cc ? ccTop : 100;
      for (let i = 0; i <= 5; i += 1) {
        const level = bottom - height * i / 5;
        axes.append(make("path", { class: "grid", d: `M${left} ${level}H${right}` }),
          make("text", { x: left - 8, y: level + 4, "text-anchor": "end" },
            String(Number((volumeTop * i / 5).toPrecision(4))).replace(".", data.comma)));
      }
      const unit = state.relative ? data.prescribed / 100 : 1;
      const step = niceStep(end / unit, 8);
      for (let tick = 0; tick * step * unit <= end; tick += 1) {
        const place = x(tick * step * unit);
        axes.append(make("path", { class: "grid", d: `M${place} ${top}V${bottom}` }),
          make("text", { x: place, y: bottom + 18, "text-anchor": "middle" },
            String(Number((tick * step).toPrecision(6))).replace(".", data.comma)));
      }
      const half = top + height / 2;
      axes.append(make("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
        make("text", { x: left + width / 2, y: bottom + 38, "text-anchor": "middle" },
          data.words.dose[Number(state.relative)]),
        make("text", { x: 13, y: half, "text-anchor": "middle", transform: `rotate(-90 13 ${half})` },
          data.words.volume[Number(state.cc)]));
    };

    const drawCurves = () => {
      for (const path of svg.querySelectorAll("[data-i]")) {
        const curve = data.curves[Number(path.dataset.i)];
        path.toggleAttribute("hidden", hidden.has(Number(path.dataset.i)));
        if (path.classList.contains("ribbon")) {
          const upper = curve.dose.map(at(curve, curve.high));
          const lower = curve.dose.map(at(curve, curve.low)).reverse();
          path.setAttribute("d", `M${[...upper, ...lower].join("L")}Z`);
        } else if (path.classList.contains("curve")) {
          path.setAttribute("d", `M${curve.dose.map(at(curve, curve.volume)).join("L")}`);
        } else if (path.classList.contains("limit")) {
          const [dose, percent, upper] = data.marks[Number(path.dataset.mark)];
          const back = upper ? HALF_MARK : -HALF_MARK;
          path.setAttribute("d", `M${x(dose)} ${y(percent, curve)}l${2 * back} ${-HALF_MARK}v${2 * HALF_MARK}Z`);
        } else if (path.classList.contains("tag")) {
          const dose = (Number(path.getAttribute("x")) - left) / width * end;
          path.setAttribute("y", y(valueAt(curve, curve.volume, dose), curve) + 4);
        }
      }
    };

    const cursor = make("path", { class: "cursor", hidden: "" });
    const dot = make("circle", { class: "dot", r: 4, hidden: "" });
    svg.append(cursor, dot);

    const read = () => {
      const curve = data.curves[state.curve];
      if (!curve || hidden.has(state.curve)) return;
      const percent = valueAt(curve, curve.volume, state.dose);
      cursor.setAttribute("d", `M${x(state.dose)} ${top}V${top + height}`);
      dot.setAttribute("cx", x(state.dose));
      dot.setAttribute("cy", y(percent, curve));
      cursor.removeAttribute("hidden");
      dot.removeAttribute("hidden");
      const parts = [`${state.curve + 1} ${curve.name}: ${number(state.dose, 2)} Gy`];
      if (data.prescribed) parts[0] += ` (${number(100 * state.dose / data.prescribed, 1)} %)`;
      let volume = `${number(percent, 2)} %`;
      if (curve.cc) volume += ` = ${number(percent * curve.cc / 100, 2)} cc`;
      parts.push(volume);
      if (curve.low.length) {
        const [low, high] = [curve.low, curve.high].map((v) => valueAt(curve, v, state.dose));
        parts.push(`${data.words.band} ${number(low, 2)}–${number(high, 2)} %`);
      }
      output.textContent = parts.join(" · ");
    };

    const visible = () => data.curves.map((_, i) => i).filter((i) => !hidden.has(i));

    svg.addEventListener("pointermove", (event) => {
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      if (place.x < left || place.x > left + width || place.y < top || place.y > top + height) return;
      state.dose = (place.x - left) / width * end;
      let best = Infinity;
      for (const i of visible()) {
        const curve = data.curves[i];
        const away = Math.abs(y(valueAt(curve, curve.volume, state.dose), curve) - place.y);
        if (away < best) [best, state.curve] = [away, i];
      }
      read();
    });

    svg.addEventListener("keydown", (event) => {
      if (event.target !== svg) return;
      const steps = { ArrowLeft: -end / 100, ArrowRight: end / 100 };
      const rows = { ArrowUp: -1, ArrowDown: 1 };
      if (event.key in steps) {
        state.dose = Math.min(Math.max(state.dose + steps[event.key], 0), end);
      } else if (event.key in rows) {
        const left_ = visible();
        const place = left_.indexOf(state.curve) + rows[event.key];
        state.curve = left_[(place + left_.length) % left_.length] ?? state.curve;
      } else {
        return;
      }
      event.preventDefault();
      read();
    });

    for (const key of svg.querySelectorAll("[data-key]")) {
      const index = Number(key.dataset.key);
      for (const [name, value] of [["role", "button"], ["tabindex", "0"], ["aria-pressed", "true"]]) {
        key.setAttribute(name, value);
      }
      key.setAttribute("aria-label", `${index + 1} ${data.curves[index].name}`);
      const toggle = () => {
        if (!hidden.delete(index)) hidden.add(index);
        key.setAttribute("aria-pressed", String(!hidden.has(index)));
        drawCurves();
      };
      key.addEventListener("click", toggle);
      key.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        toggle();
      });
    }

    for (const button of figure.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        const pressed = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(pressed));
        if ("band" in button.dataset) svg.classList.toggle("plain-curves", !pressed);
        else state[button.dataset.axis === "dose" ? "relative" : "cc"] = pressed;
        drawAxes();
        drawCurves();
        read();
      });
    }

    svg.setAttribute("role", "group");
    svg.setAttribute("tabindex", "0");
    figure.querySelector(".controls").hidden = false;
  };

  for (const figure of document.querySelectorAll("figure.histograms")) enliven(figure);
  const unfold = (open) => () => {
    for (const fold of document.querySelectorAll("details")) fold.open = open || fold.dataset.was === "true";
  };
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.dataset.was = String(fold.open);
    unfold(true)();
  });
  addEventListener("afterprint", unfold(false));
})();
