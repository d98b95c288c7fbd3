// When work is done: later, once things are quiet, or when somebody can see it.

/** Run `work` soon, once, however often it is asked for: at most every `pause` milliseconds. */
export function makeLater(work, pause = 60) {
  let timer = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      work();
    }, pause);
  };
}

/** Put a text into a live region once things have been quiet, so that it never chatters. */
export function makeAnnouncer(element, quiet = 900) {
  let timer = 0;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (element.textContent !== text) element.textContent = text;
    }, quiet);
  };
}

/**
 * Call `update` now if the element is near the window, or else as soon as it comes there; and once
 * in any case, soon after the page has opened.
 * @returns {() => void} to be called when something has changed
 */
export function makeVisibleUpdate(element, update) {
  let near = false;
  let stale = true;
  const refresh = () => {
    if (!near || !stale) return;
    stale = false;
    update();
  };
  new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      refresh();
    },
    { rootMargin: "300px" },
  ).observe(element);
  setTimeout(() => {
    if (stale) update();
    stale = false;
  });
  return () => {
    stale = true;
    refresh();
  };
}
