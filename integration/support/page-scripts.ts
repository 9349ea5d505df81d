/** What is asked of a document from inside it: expressions for the browser, where the types of Node mean nothing. */

/** Tells the function `tellViolation` what the page's policy of security forbade. */
export const TELL_VIOLATIONS = `addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) => {
  void tellViolation(violatedDirective + ": " + blockedURI);
})`;

/** Text of what has the focus. */
export const FOCUSED = `document.activeElement.textContent`;

/** Gives each control that can be used a name, takes the focus away, and tells the names. */
export const MARK_CONTROLS = `(() => {
  document.activeElement.blur();
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
  const usable = [...all].filter((control) => !control.matches(":disabled") && control.checkVisibility());
  return usable.map((control, index) => {
    const text = control.getAttribute("aria-label") ?? control.textContent;
    return (control.dataset.control = index + ": " + control.tagName + " " + text.slice(0, 60));
  });
})()`;

/** The name of the control that has the focus, if it shows that it does. */
export const MARK_OF_FOCUS = `(() => {
  const control = document.activeElement;
  const { boxShadow, outlineStyle, outlineWidth } = getComputedStyle(control);
  const isSeen = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  return (isSeen && control.dataset.control) || "";
})()`;

/** Elements that make the document wider than its window; what is in one that scrolls by itself does not. */
export const TOO_WIDE = `(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  const scrolls = (element) => element !== null &&
    (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  const isTooWide = (element) =>
    element.getBoundingClientRect().right > clientWidth + 1 && !scrolls(element.parentElement);
  return scrollWidth <= clientWidth
    ? []
    : [...document.querySelectorAll("body *")].filter(isTooWide).map(({ outerHTML }) => outerHTML.slice(0, 100));
})()`;
