"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.rows;
  const steps = [...document.querySelectorAll("#steps > .step")];
  const arrows = [...document.querySelectorAll("#arrows > path")];
  const maybes = document.getElementById("maybes");
  const detail = document.getElementById("detail");
  const position = document.getElementById("position");
  if (steps.length === 0) return;
  // How far the execution has gone: the steps after it are dim.
  let now = steps.length - 1;

  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const box = (row) => {
    const rect = steps[row].querySelector("rect");
    const number = (name) => Number(rect.getAttribute(name));
    return { left: number("x"), right: number("x") + number("width"), middle: number("y") + number("height") / 2 };
  };

  // A dashed arrow to a read from a store that it could have read as well.
  const maybe = (from, to) => {
    const a = box(from), b = box(to), bend = 30;
    let path;
    if (a.left === b.left) {
      path = `M${a.right} ${a.middle}C${a.right + bend} ${a.middle} ${b.right + bend} ${b.middle} ${b.right} ${b.middle}`;
    } else if (a.left < b.left) {
      path = `M${a.right} ${a.middle}C${a.right + bend} ${a.middle} ${b.left - bend} ${b.middle} ${b.left} ${b.middle}`;
    } else {
      path = `M${a.left} ${a.middle}C${a.left - bend} ${a.middle} ${b.right + bend} ${b.middle} ${b.right} ${b.middle}`;
    }
    const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
    element.setAttribute("class", "maybe");
    element.setAttribute("d", path);
    element.setAttribute("marker-end", "url(#arrow-maybe)");
    maybes.append(element);
  };

  const storeItem = (store) => {
    const item = make("li", undefined, store.read ? "read" : "");
    const text = store.text + (store.read ? "  (it read this one)" : "");
    if (store.row !== null && store.row < steps.length) {
      const button = make("button", text);
      button.type = "button";
      button.addEventListener("click", () => focusOn(store.row));
      item.append(button);
    } else {
      item.append(make("span", text));
    }
    return item;
  };

  const excerpt = (of) => {
    const pre = make("pre");
    pre.tabIndex = 0;
    for (const [number, line] of of.lines) {
      const row = make(number === of.at ? "mark" : "span");
      row.append(make("span", String(number).padStart(5) + " ", "number"), line);
      pre.append(row, "\n");
    }
    return pre;
  };

  const describe = (row) => {
    const step = rows[row];
    const parts = [make("h2", step.title)];
    const what = make("p", undefined, "what");
    what.append(make("code", step.what));
    parts.push(what);
    if (step.site) {
      const site = make("p");
      site.append(make("code", step.site));
      parts.push(site);
    }
    if (step.facts.length > 0) {
      const list = make("dl");
      for (const [name, value] of step.facts) list.append(make("dt", name), make("dd", value));
      parts.push(list);
    }
    if (step.note && !step.from) parts.push(make("p", step.note));
    if (step.from) {
      parts.push(make("h2", "Read"));
      const list = make("ul");
      list.append(storeItem({ ...step.from, read: false }));
      parts.push(list);
    }
    if (step.candidates.length > 0) {
      const only = step.candidates.length === 1;
      parts.push(make("h2", only ? "Could have read only this" : `Could have read any of ${step.candidates.length}, the newest first`));
      const list = make("ul");
      for (const store of step.candidates) list.append(storeItem(store));
      parts.push(list);
    }
    if (step.excerpt !== null) parts.push(excerpt(data.excerpts[step.excerpt]));
    detail.replaceChildren(...parts);
  };

  // Lights up a step with what it read and could have read.
  const light = (row) => {
    for (const step of steps) step.classList.remove("here", "read", "maybe");
    for (const arrow of arrows) arrow.classList.toggle("lit", Number(arrow.dataset.to) === row);
    maybes.replaceChildren();
    steps[row].classList.add("here");
    for (const store of rows[row].candidates) {
      if (store.row === null || store.row >= steps.length || store.read) continue;
      steps[store.row].classList.add("maybe");
      maybe(store.row, row);
    }
    const from = rows[row].from;
    if (from && from.row !== null && from.row < steps.length) steps[from.row].classList.add("read");
    describe(row);
  };

  const frame = document.querySelector(".scroll");
  const names = document.querySelector(".names");
  const controls = document.querySelector(".controls");

  // How far to scroll so that from..to gets between low and high, the start before the end.
  const distance = (from, to, low, high) => {
    if (from < low || to - from > high - low) return from - low;
    return to > high ? to - high : 0;
  };

  // Scrolls the step into view: in its frame clear of the lanes' names, in the window clear of the buttons.
  const reveal = (row) => {
    const rect = steps[row].querySelector("rect"), gap = 6;
    const step = rect.getBoundingClientRect(), around = frame.getBoundingClientRect();
    const head = names.getBoundingClientRect().height;
    frame.scrollTop += distance(step.top, step.bottom, around.top + head + gap, around.bottom - gap);
    frame.scrollLeft += distance(step.left, step.right, around.left + gap, around.right - gap);
    const now = rect.getBoundingClientRect();
    const stuck = getComputedStyle(controls).position === "sticky" ? controls.getBoundingClientRect().height : 0;
    window.scrollBy(0, distance(now.top, now.bottom, stuck + head + gap, window.innerHeight - gap));
  };

  const goTo = (row) => {
    now = Math.max(0, Math.min(steps.length - 1, row));
    steps.forEach((step, at) => {
      step.classList.toggle("future", at > now);
      step.setAttribute("tabindex", at === now ? "0" : "-1");
    });
    for (const arrow of arrows) arrow.classList.toggle("future", Number(arrow.dataset.to) > now);
    position.textContent = `step ${data.first + now + 1} of ${data.first + steps.length}`;
    light(now);
    reveal(now);
  };

  const focusOn = (row) => {
    steps[row].focus({ preventScroll: true });
    light(row);
    reveal(row);
  };

  steps.forEach((step, row) => {
    step.addEventListener("mouseenter", () => light(row));
    step.addEventListener("mouseleave", () => light(now));
    step.addEventListener("focus", () => light(row));
    step.addEventListener("click", () => goTo(row));
  });
  const moves = {
    first: () => 0, back: () => now - 1, next: () => now + 1, last: () => steps.length - 1,
  };
  for (const [id, move] of Object.entries(moves)) {
    document.getElementById(id).addEventListener("click", () => goTo(move()));
  }
  const keys = {
    ArrowUp: moves.back, ArrowLeft: moves.back, ArrowDown: moves.next, ArrowRight: moves.next, Home: moves.first, End: moves.last,
  };
  document.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.target.closest("pre")) return;
    event.preventDefault();
    goTo(move());
    if (document.activeElement && document.activeElement.closest("#steps")) steps[now].focus({ preventScroll: true });
  });
  // The page's address may name a step: …html#step12.
  const named = () => {
    const match = /^#step(\d+)$/.exec(location.hash);
    return match && Number(match[1]) >= 1 ? Number(match[1]) - 1 - data.first : now;
  };
  window.addEventListener("hashchange", () => goTo(named()));
  goTo(named());
})();
