// Said before a kiosk is set up in vain: without https a browser neither seals nor keeps anything.

if (!isSecureContext || !navigator.serviceWorker || !navigator.locks) {
  document.getElementById("insecure").hidden = false;
}
