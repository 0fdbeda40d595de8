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

// Asks at once for what flutter_bootstrap.js would ask for one after the other, once it is there itself: Chromium
// runs the client as WebAssembly, other browsers as JavaScript.
function ahead(rel, as, href) {
  document.head.append(Object.assign(document.createElement("link"), {
    rel, as, href, ...(as === "fetch" && { crossOrigin: "anonymous" }),
  }));
}
const chromium = navigator.vendor === "Google Inc." || navigator.userAgent.includes("Edg/");
if (chromium && typeof Intl.v8BreakIterator !== "undefined" && typeof ImageDecoder !== "undefined") {
  ahead("preload", "fetch", flet.entrypointBaseUrl + "main.dart.wasm");
  ahead("preload", "fetch", flet.canvasKitBaseUrl + "skwasm.wasm");
  ahead("modulepreload", "script", flet.entrypointBaseUrl + "main.dart.mjs");
  ahead("modulepreload", "script", flet.canvasKitBaseUrl + "skwasm.js");
} else if (!chromium) {
  ahead("preload", "script", flet.entrypointBaseUrl + "main.dart.js");
  ahead("preload", "fetch", flet.canvasKitBaseUrl + "canvaskit.wasm");
}

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
