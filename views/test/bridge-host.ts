// A chat client's page as the extension's own package has it: its bridge, and a view in a sandboxed frame. What the server and
// the rest of the client would do is asked of the test, which puts `ask` and `tell` into the window.
import { AppBridge, PostMessageTransport, type McpUiHostContext } from "@modelcontextprotocol/ext-apps/app-bridge";

declare global {
  interface Window {
    ask(what: string, params: unknown): Promise<any>;
    tell(what: string, params: unknown): Promise<void>;
    show(html: string, context: McpUiHostContext): Promise<void>;
    bridge: AppBridge;
  }
}

window.show = async (html, hostContext) => {
  const view = document.createElement("iframe");
  Object.assign(view, { id: "view", title: "View", sandbox: "allow-scripts" });
  document.body.append(view);
  const capabilities = { serverTools: {}, openLinks: {} };
  const bridge = new AppBridge(null, { name: "Bridge host", version: "1.0.0" }, capabilities, { hostContext });
  window.bridge = bridge;
  bridge.addEventListener("sizechange", (size) => {
    view.style.height = `${size.height}px`;
    void window.tell("size", size);
  });
  bridge.oncalltool = (params) => window.ask("call", params);
  bridge.onopenlink = ({ url }) => window.ask("link", url);
  bridge.onerror = (error) => void window.tell("error", error.message);
  const ready = new Promise((resolve) => bridge.addEventListener("initialized", resolve));
  await bridge.connect(new PostMessageTransport(view.contentWindow!, view.contentWindow!));
  view.srcdoc = html;
  await ready;
};
