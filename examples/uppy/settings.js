/** For development: `#apiUrl=…&idToken=…` in the page's URL. Your page has its own sign-in instead. */
export function settingsFromUrl() {
  const values = new URLSearchParams(location.hash.slice(1));
  return {
    apiUrl: values.get("apiUrl"),
    getIdToken: async () => values.get("idToken"),
    multipart: values.has("multipart") ? values.get("multipart") === "true" : undefined,
  };
}
