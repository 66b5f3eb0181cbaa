// Uploads: dropped, pasted and chosen files, a few at a time. A File is only a handle, so that a thousand in the queue take no memory.
import { byId, count, make } from "./text.js";

const atOnce = 3; // the browser has six connections: one is the stream, and pictures are to be seen meanwhile
const attempts = 5;

const queue = [];
const total = { files: 0, done: 0, failed: 0 };
let working = 0;
let reading = 0; // drops of which not all files are in the queue: some may be uploaded long before the last is found

/** Counts from nothing, unless files of before are still on their way. Comes before the files of a drop, a paste or a choice. */
function countAnew() {
  if (working === 0 && reading === 0) Object.assign(total, { files: 0, done: 0, failed: 0 });
}

/** Adds files, each with the key that it gets. */
function add(files) {
  queue.push(...files);
  total.files += files.length;
  while (working < atOnce && queue.length > 0) work();
  show();
}

async function work() {
  working++;
  for (let next; (next = queue.shift());) {
    try {
      await put(next);
      total.done++;
    } catch (e) {
      total.failed++;
      notUploaded(next.key, e);
    }
    show();
  }
  working--;
  show();
}

function notUploaded(name, error) {
  const list = byId("not-uploaded");
  list.hidden = false;
  if (list.childElementCount < 100) list.append(make("li", {}, `${name}: ${error.message}`));
}

/** Uploads one file. What may have a passing cause is tried again. */
async function put({ file, key }) {
  for (let attempt = 1; ; attempt++) {
    let reason;
    try {
      const r = await fetch("/picture?key=" + encodeURIComponent(key), { method: "PUT", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
      if (r.ok) return;
      reason = (await r.text()).trim();
      if (r.status < 500) attempt = attempts;
    } catch (e) {
      reason = e.message;
    }
    if (attempt >= attempts) throw new Error(reason);
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
  }
}

function show() {
  const { files, done, failed } = total;
  byId("uploads").hidden = files === 0;
  byId("uploads-bar").max = files || 1;
  byId("uploads-bar").value = done + failed;
  const left = files - done - failed;
  byId("uploads-text").textContent = (left || reading ? `${done} of ${files} uploaded` : `${count(done, "file")} uploaded`) + (failed ? `, ${failed} not` : "");
}

/** The files below a dropped entry, with their paths as keys. Hidden ones are what file managers leave. */
async function filesOf(entry) {
  if (entry.name.startsWith(".")) return [];
  const key = entry.fullPath.replace(/^\/+/, "");
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), key }];
  const reader = entry.createReader();
  const all = [];
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length > 0;) {
    for (const child of some) all.push(...await filesOf(child));
  }
  return all;
}

async function dropped(transfer) {
  // The list is empty as soon as the event is over.
  const items = [...transfer.items].filter((item) => item.kind === "file").map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  countAnew();
  reading++;
  for (const [entry, file] of items) {
    if (!entry) {
      if (file) add([{ file, key: file.name }]);
      continue;
    }
    try {
      add(await filesOf(entry));
    } catch (e) {
      notUploaded(entry.name, e);
    }
  }
  reading--;
  show();
}

const chosen = (input) => {
  countAnew();
  add([...input.files].map((file) => ({ file, key: file.webkitRelativePath || file.name })));
  input.value = "";
};

function pasted(transfer) {
  const when = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const files = [...transfer.files];
  countAnew();
  // A picture from the clipboard has a name that says nothing, the same every time.
  add(files.map((file, i) => ({
    file, key: /^image\.\w+$/.test(file.name) ? `pasted-${when}${i ? "-" + i : ""}.${file.name.split(".").pop()}` : file.name,
  })));
  return files.length > 0;
}

export function begin() {
  for (const id of ["files", "folder"]) byId(id).addEventListener("change", (e) => chosen(e.target));
  byId("choose-files").addEventListener("click", () => byId("files").click());
  byId("choose-folder").addEventListener("click", () => byId("folder").click());
  let depth = 0; // of enter and leave events, which come for each element
  const veil = (d) => { depth = d; byId("veil").hidden = depth <= 0; };
  const withFiles = (e) => e.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (e) => { if (withFiles(e)) { e.preventDefault(); veil(depth + 1); } });
  addEventListener("dragleave", (e) => { if (withFiles(e)) veil(depth - 1); });
  addEventListener("dragover", (e) => { if (withFiles(e)) e.preventDefault(); });
  addEventListener("drop", (e) => {
    if (!withFiles(e)) return;
    e.preventDefault();
    veil(0);
    dropped(e.dataTransfer);
  });
  addEventListener("paste", (e) => { if (e.clipboardData && pasted(e.clipboardData)) e.preventDefault(); });
}
