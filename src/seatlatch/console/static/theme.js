// Applies the viewer's choice of light or dark before the page is drawn.
const chosen = localStorage.getItem("seatlatch-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
