// Hides what the text in the search field does not name.
const field = document.querySelector('nav input');
const parts = [...document.querySelectorAll('[data-search]')];
field.addEventListener('input', () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const part of parts) {
        part.hidden = !words.every((word) => part.dataset.search.includes(word));
    }
});
