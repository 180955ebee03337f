// Buttons of actions that can't be undone work once the name was typed. The service checks it too.

function watch(input) {
  const button = input.form.querySelector("button.danger");
  const update = () => { button.disabled = input.value.trim() !== input.dataset.mustEqual; };
  input.addEventListener("input", update);
  update();
}

document.querySelectorAll("input[data-must-equal]").forEach(watch);
