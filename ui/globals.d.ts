/** Whether the page is built with the engine inside, for use without a server. */
declare const __BROWSER_ENGINE__: boolean;
