// The style sheet of the player's views: those that don't play need not load it.
let loading = null;

export function addStyle() {
  loading ??= new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('./player.css', import.meta.url).href;
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
  return loading;
}
