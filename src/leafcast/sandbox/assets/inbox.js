// The list fills as one scrolls, the filter acts while one types, and what arrives appears by itself.
// Without this file every link and the filter's button still work.
"use strict";

const inbox = document.getElementById("inbox");
const rows = document.getElementById("rows");
const thread = document.getElementById("thread");
const counts = document.getElementById("counts");
const filter = document.getElementById("q");
document.documentElement.classList.add("js");

let chosen = document.querySelector(".person")?.dataset.key ?? "";
let seen = "";

async function part(address) {
  const answer = await fetch(address);
  return answer.ok ? { html: await answer.text(), counts: answer.headers.get("x-counts") } : null;
}

function listAddress(from) {
  return `/inbox/rows?${new URLSearchParams({ q: filter.value, grower: chosen, from })}`;
}

function showCounts(text) {
  const figures = counts.querySelectorAll("b");
  text.split(",").forEach((count, index) => { figures[index].textContent = Number(count).toLocaleString("en"); });
}

async function refreshList() {
  const first = await part(listAddress(0));
  if (first === null) return;
  rows.innerHTML = first.html;
  showCounts(first.counts);
  seen = first.counts;
  watchEnd();
}

async function openThread(key) {
  const shown = await part(`/inbox/thread?${new URLSearchParams({ grower: key })}`);
  if (shown === null) return;
  chosen = key;
  thread.innerHTML = shown.html;
  thread.scrollTop = 0;
  inbox.classList.add("chosen");
  for (const row of rows.querySelectorAll(".row")) {
    if (row.dataset.key === key) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

const end = new IntersectionObserver(async ([entry]) => {
  if (!entry.isIntersecting) return;
  end.disconnect();
  const more = await part(entry.target.href);
  if (more === null) return;
  entry.target.parentElement.remove();
  rows.insertAdjacentHTML("beforeend", more.html);
  watchEnd();
}, { root: rows, rootMargin: "600px" });

function watchEnd() {
  end.disconnect();
  const more = rows.querySelector(".more");
  if (more) end.observe(more);
}

rows.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState({}, "", row.href);
  openThread(row.dataset.key);
});

thread.addEventListener("click", (event) => {
  if (!event.target.closest(".back")) return;
  event.preventDefault();
  history.pushState({}, "", "/");
  inbox.classList.remove("chosen");
});

addEventListener("popstate", () => {
  const key = new URLSearchParams(location.search).get("grower");
  if (key) openThread(key);
  else inbox.classList.remove("chosen");
});

let typing = 0;
filter.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(refreshList, 150);
});
filter.form.addEventListener("submit", (event) => { event.preventDefault(); refreshList(); });

// Look for news every two seconds; redraw only when something came, and not under a list that is being read further down.
setInterval(async () => {
  if (document.hidden) return;
  const news = await part(listAddress(0));
  if (news === null || news.counts === seen) return;
  showCounts(news.counts);
  seen = news.counts;
  if (rows.scrollTop < 40) { rows.innerHTML = news.html; watchEnd(); }
  const first = rows.querySelector(".row");
  if (!chosen && first) openThread(first.dataset.key).then(() => inbox.classList.remove("chosen"));
}, 2000);

watchEnd();
