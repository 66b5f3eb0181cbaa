// Joins the parts of the page to the stream of what happens in the local cloud.
import * as form from "./form.js";
import * as log from "./log.js";
import * as pictures from "./pictures.js";
import * as side from "./side.js";
import * as upload from "./upload.js";

pictures.begin(log.show);
log.begin();
form.begin();
upload.begin();

const stream = new EventSource("/stream"); // connects again by itself
stream.onerror = side.lost;
stream.onmessage = (message) => {
  const u = JSON.parse(message.data);
  if (u.first) {
    pictures.clear(u.limits.pictures);
    log.clear(u.limits.lines);
    side.found();
  }
  if (u.pictures || u.first) pictures.update(u.pictures || []);
  if (u.lines || u.first) log.update(u.lines || []);
  if (u.operation) side.showOperation(u.operation);
  if (u.failures) side.showFailures(u.failures);
  if (u.alarms) side.showAlarms(u.alarms);
  if (u.outputs) side.showOutputs(u.outputs);
  if (u.form) form.load();
};
