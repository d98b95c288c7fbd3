// Elements of the page: found, made, and walked through with the arrow keys.

/** The element with this id, or null. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element: `make("p", { className: "note" }, "text", child)`; unknown names are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A new SVG element. */
export function makeShape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Arrow keys, Home and End move the focus among buttons that share one tab stop. */
export function makeRoving(container, next) {
  container.addEventListener("keydown", (event) => {
    const target = event.target.closest("button");
    const goal = target && next(target, event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  });
  container.addEventListener("focusin", (event) => {
    const target = event.target.closest("button");
    if (!target) return;
    for (const other of container.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    target.tabIndex = 0;
  });
}
