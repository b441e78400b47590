"use strict";

// Without this script every photograph stands beside its copy; with it they lie on each other, parted by a slider.

function part(slider) {
  const before = Math.round(slider.valueAsNumber);
  slider.parentElement.style.setProperty("--edge", slider.valueAsNumber + "%");
  slider.setAttribute("aria-valuetext", before + " % before, " + (100 - before) + " % in colour");
}

const sliders = document.querySelectorAll(".slider");
const everywhere = document.getElementById("everywhere");

for (const slider of sliders) {
  const picture = slider.parentElement.querySelector("img");
  slider.parentElement.style.setProperty("--width", picture.getAttribute("width"));
  slider.parentElement.style.setProperty("--height", picture.getAttribute("height"));
  slider.addEventListener("input", () => part(slider));
  part(slider); // a browser may remember where a slider stood before the page was loaded again
}

everywhere.addEventListener("input", () => {
  for (const slider of sliders) {
    slider.value = everywhere.value;
    part(slider);
  }
});

document.documentElement.classList.add("sliding");
