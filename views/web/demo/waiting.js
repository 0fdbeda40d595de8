"use strict";

// Flutter's first frame takes the page's loading sentence away, but Python starts long after it. The sentence stays
// until a screen of the app has a heading.
const SLOW_START_MS = 60000;
addEventListener("flutter-first-frame", () => {
  const loading = document.getElementById("loading");
  queueMicrotask(() => document.body.append(loading));
  const slow = setTimeout(() => { loading.dataset.state = "slow"; }, SLOW_START_MS);
  const timer = setInterval(() => {
    if (document.querySelector("flt-semantics-host h1")) {
      clearTimeout(slow);
      clearInterval(timer);
      loading.remove();
    }
  }, 100);
}, { once: true });
