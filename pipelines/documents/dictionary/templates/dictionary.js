// The search box hides what does not hold all of its words; a section that is named stays whole.
const search = document.getElementById("search");

function show(words) {
  const holds = (text) => words.every((word) => text.includes(word));
  for (const section of document.querySelectorAll("section")) {
    const named = holds(`${section.id} ${section.querySelector("h2").textContent.toLowerCase()}`);
    let found = named;
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !named && !holds(row.textContent.toLowerCase());
      found ||= !row.hidden;
    }
    section.hidden = !found;
    const link = document.querySelector(`aside a[href="#${section.id}"]`);
    if (link) link.hidden = section.hidden;
  }
}

search?.addEventListener("input", () => show(search.value.toLowerCase().split(/\s+/).filter(Boolean)));
