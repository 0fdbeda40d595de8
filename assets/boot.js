"use strict";

// The language of the page until the app chooses its own.
document.documentElement.lang = navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en";

// What flutter_bootstrap.js and the Flet client read. The server's settings replace these defaults.
var flet = {
  pyodide: false,
  multiView: false,
  noCdn: true,
  webSocketEndpoint: "/ws",
  entrypointBaseUrl: "/",
  assetBase: "/",
  routeUrlStrategy: "path",
  canvasKitBaseUrl: "/canvaskit/",
  webRenderer: "auto",
  fontFallbackBaseUrl: "assets/fonts/",
};
flet.flutterAppLoaded = new Promise((resolve) => {
  flet.flutterAppResolve = resolve;
});
const settings = document.getElementById("settings").content.textContent;
for (const [, name, value] of settings.matchAll(/^\s*flet\.(\w+)\s*=\s*(.+);\s*$/gm)) {
  flet[name] = JSON.parse(value);
}

// Flutter chooses its WebAssembly engine for WebGL 1 too, and then draws nothing. Its other engine draws there.
const canvas = document.createElement("canvas");
const webgl2 = canvas.getContext("webgl2") !== null;
if (!webgl2 && canvas.getContext("webgl") !== null) {
  flet.webRenderer = "canvaskit";
}

// Asks at once for what flutter_bootstrap.js would ask for one after the other, once it is there itself: Chromium
// runs the client as WebAssembly, other browsers as JavaScript.
function ahead(rel, as, href) {
  document.head.append(Object.assign(document.createElement("link"), {
    rel, as, href, ...(as === "fetch" && { crossOrigin: "anonymous" }),
  }));
}
const chromium = navigator.vendor === "Google Inc." || navigator.userAgent.includes("Edg/");
const firefox = navigator.userAgent.includes("Firefox/");
const segments = typeof Intl.v8BreakIterator !== "undefined" && typeof ImageDecoder !== "undefined";
if (chromium && webgl2 && flet.webRenderer === "auto" && segments) {
  ahead("preload", "fetch", flet.entrypointBaseUrl + "main.dart.wasm");
  ahead("preload", "fetch", flet.canvasKitBaseUrl + "skwasm.wasm");
  ahead("modulepreload", "script", flet.entrypointBaseUrl + "main.dart.mjs");
  ahead("modulepreload", "script", flet.canvasKitBaseUrl + "skwasm.js");
  showDownload("main.dart.wasm", "canvaskit/skwasm.wasm");
} else if (firefox && flet.sizes) {
  showDownload("main.dart.js", "canvaskit/canvaskit.wasm");
} else if (!chromium || flet.webRenderer === "canvaskit") {
  ahead("preload", "script", flet.entrypointBaseUrl + "main.dart.js");
  ahead("preload", "fetch", flet.canvasKitBaseUrl + "canvaskit.wasm");
}

// Shows the downloaded share of the largest files, if the load takes longer. Flutter's own requests stay untouched,
// else Chromium would compile the client at each start. The page reads the same files once more, and the HTTP cache
// shares one download between both readers. Chromium shares it at any moment. Firefox lets the second reader wait, so
// the page asks first, instead of a preload. WebKit downloads a file twice, so nothing is shown there.
async function showDownload(...names) {
  const QUIET_MS = 1500;
  if (!flet.sizes) {
    return; // the static demo, whose server may forbid the cache
  }
  const total = names.reduce((sum, name) => sum + flet.sizes[name], 0);
  let arrived = 0;
  const show = () => {
    const loading = document.getElementById("loading");
    const share = Math.floor(100 * arrived / total);
    if (!loading || performance.now() < QUIET_MS || (share > 99 && !loading.dataset.step)) {
      return;
    }
    loading.dataset.step = share > 99 ? "start" : "download"; // index.html has the words
    for (const bar of loading.querySelectorAll("progress")) {
      if (bar.value !== share) {
        bar.value = bar.nextElementSibling.querySelector("b").textContent = share;
      }
    }
  };
  const count = async (name) => {
    const url = new URL(flet.entrypointBaseUrl + name, location).href;
    if (performance.getEntriesByName(url).length) {
      arrived += flet.sizes[name];
      return;
    }
    // This mode leaves the preloaded answer to Flutter.
    const answer = await fetch(url, { mode: "same-origin", cache: firefox ? "default" : "force-cache" });
    for (const reader = answer.body.getReader();;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      arrived += value.length;
      show();
    }
  };
  await new Promise((resolve) => setTimeout(resolve, firefox ? 0 : QUIET_MS));
  try {
    await Promise.all(names.map(count));
  } catch {
    delete document.getElementById("loading")?.dataset.step; // Flutter's own request decides about the start
  }
}

// Flutter says nothing before its first frame. The page says that the start is slow, or has failed.
const SLOW_MS = 30000;
const GRACE_MS = 5000; // some errors stop a part only, as the refusal of a script
{
  const timers = [];
  const show = (state) => {
    const loading = document.getElementById("loading");
    if (loading && loading.dataset.state !== "unsupported") {
      loading.dataset.state = state; // index.html has the sentences
    }
  };
  const failed = () => show(typeof WebAssembly === "object" ? "failed" : "unsupported");
  const failing = () => timers.push(setTimeout(failed, GRACE_MS));
  const refused = ({ target }) => {
    if (target.localName === "script" && /\/(flutter_bootstrap|main\.dart)\.js$/.test(target.src)) {
      failed();
    } else if (target === window) {
      failing();
    }
  };
  addEventListener("error", refused, true);
  addEventListener("unhandledrejection", failing);
  timers.push(setTimeout(show, SLOW_MS, "slow"));
  addEventListener("flutter-first-frame", () => {
    timers.forEach(clearTimeout);
    removeEventListener("error", refused, true);
    removeEventListener("unhandledrejection", failing);
  }, { once: true });
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("#loading button")) {
      button.addEventListener("click", () => location.reload());
    }
  });
}

// When the connection is cut, Flet covers the screen with an English "Working..." until it is back. Flet learns of
// the cut only once the server answers again: until then the screen stays readable, under a notice.
const NOTICE_DELAY_MS = 500;
const LONGEST_PAUSE_MS = 8000;
const NOTICES = {
  fr: "Connexion interrompue. Vous pouvez continuer à lire ; ce que vous faites n’est pas pris en compte jusqu’au retour de la connexion.",
  en: "Connection lost. You can go on reading; what you do has no effect until the connection is back.",
};
const notice = Object.assign(document.createElement("div"), { id: "offline", role: "alert" });

function showNotice(shown) {
  notice.textContent = shown ? NOTICES[document.documentElement.lang.startsWith("fr") ? "fr" : "en"] : "";
  if (!notice.isConnected) {
    document.body.append(notice);
  }
}

async function serverAnswers() {
  let pause = 250;
  for (;;) {
    try {
      const answer = await fetch("/manifest.json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (answer.ok) {
        return;
      }
    } catch {
      // not yet
    }
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    await new Promise((resolve) => {
      setTimeout(resolve, pause);
      addEventListener("online", resolve, { once: true });
    });
  }
}

window.WebSocket = class extends WebSocket {
  #opened = false;
  #ended = false; // by the client itself, or known to it

  constructor(...options) {
    super(...options);
    const hold = (event) => {
      if (this.#opened && !this.#ended) {
        event.stopImmediatePropagation();
      }
    };
    this.addEventListener("open", () => {
      this.#opened = true;
      showNotice(!navigator.onLine);
    });
    this.addEventListener("error", hold);
    this.addEventListener("close", async (event) => {
      hold(event);
      if (this.#opened && !this.#ended) {
        const timer = setTimeout(showNotice, NOTICE_DELAY_MS, true);
        await serverAnswers();
        clearTimeout(timer);
        this.#ended = true;
        const { code, reason, wasClean } = event;
        this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
      }
    });
  }

  close(...options) {
    this.#ended = true;
    super.close(...options);
  }
};
addEventListener("offline", () => showNotice(true));
addEventListener("online", () => showNotice(false));

// WebKit restores a Flutter page from its back/forward cache without ever drawing again: start afresh. The
// session lives on the server and survives.
addEventListener("pageshow", (event) => {
  if (event.persisted && navigator.vendor.startsWith("Apple")) {
    location.reload();
  }
});

// Flutter describes the page to assistive technology only once its hidden button is pressed, which nobody
// finds (flet#3225). Press it, in its centre as phones demand, until Flutter takes it away.
addEventListener("flutter-first-frame", () => {
  let attempts = 0;
  let seen = false;
  const timer = setInterval(() => {
    const button = document.querySelector("flt-semantics-placeholder");
    if (button) {
      seen = true;
      const { left, top, width, height } = button.getBoundingClientRect();
      const centre = { clientX: left + width / 2, clientY: top + height / 2 };
      button.dispatchEvent(new MouseEvent("click", { bubbles: true, ...centre }));
    }
    attempts += 1;
    if ((seen && !button) || attempts === 100) {
      clearInterval(timer);
    }
  }, 100);
}, { once: true });

// Flutter orders what Tab reaches by position, so it alternates between regions that stand side by side. The
// browser follows the order of the tree that screen readers read, so Tab is left to the browser.
let tabbed = "";
for (const type of ["keydown", "keyup"]) {
  addEventListener(type, (event) => {
    tabbed = event.key !== "Tab" ? "" : event.shiftKey ? "backward" : "forward";
    if (tabbed && document.querySelector("flt-semantics")) {
      event.stopImmediatePropagation();
    }
  }, true);
}
addEventListener("pointerdown", () => { tabbed = ""; }, true);

// Flutter scrolls by these keys only while the focus is inside a list, which a click on blank space leaves. A list that
// scrolls is an element that scrolls, so the page moves the one around the focus, else the largest.
const SCROLLS = {
  PageDown: (list) => list.scrollTop + 0.9 * list.clientHeight,
  PageUp: (list) => list.scrollTop - 0.9 * list.clientHeight,
  End: (list) => list.scrollHeight,
  Home: () => 0,
};
addEventListener("keydown", (event) => {
  const focused = document.activeElement;
  const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  if (!Object.hasOwn(SCROLLS, event.key) || modified || focused?.matches("input, textarea")) {
    return;
  }
  const scrolling = document.querySelectorAll('flt-semantics[style*="scrollbar-width"]');
  const lists = [...scrolling].filter((element) => element.scrollHeight > element.clientHeight);
  const area = ({ clientWidth, clientHeight }) => clientWidth * clientHeight;
  const around = lists.filter((list) => list.contains(focused)).at(-1);
  const list = around ?? lists.sort((one, other) => area(other) - area(one))[0];
  if (list) {
    const move = () => { list.scrollTop = SCROLLS[event.key](list); };
    move();
    if (event.key === "End") {
      setTimeout(move, 300); // rows drawn near the end may be higher than their estimate
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// A Tab from outside reaches the view itself, and Flutter would give the focus back to what had it last.
addEventListener("focusin", ({ target }) => {
  if (tabbed === "forward" && target.localName === "flutter-view") {
    target.querySelector('flt-semantics-host [tabindex="0"], flt-semantics-host :is(input, textarea)')?.focus();
  }
}, true);

// Flutter gives every screen the same title. Its first-level heading and the chosen period tell screens apart.
const PRODUCT = document.title;
const PERIOD = /^(Facture d[^,]+|\p{L}+ invoice),/u; // a column of the chart, as the catalogs name it
let naming = 0;

function nameTab() {
  naming = 0;
  const heading = document.querySelector("flt-semantics-host h1");
  const chosen = document.querySelectorAll('flt-semantics[role="button"][aria-current="true"]');
  const period = [...chosen].map(({ textContent }) => PERIOD.exec(textContent)?.[1]).find(Boolean);
  const parts = [heading?.textContent, period, PRODUCT];
  const title = parts.filter(Boolean).join(" · ");
  if (title !== document.title) {
    document.title = title;
  }
}

new MutationObserver(() => {
  naming ||= setTimeout(nameTab, 100);
}).observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ["aria-current"] });
