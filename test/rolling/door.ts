import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";

/**
 * An address that clients know, with a server behind it while it is open: what an endpoint of a Service is. It
 * opens for a server that is ready, and closes when that is told to end; connections through it go on.
 */
export class Door {
  #listener: Server | undefined;
  #port = 0;

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Leads whoever comes to a server, such as `127.0.0.1:50051`. */
  async open(server: string): Promise<void> {
    const port = Number(server.split(":")[1]);
    const listener = createServer({ noDelay: true }, (outer) => {
      const inner = connect({ port, host: "127.0.0.1", noDelay: true });
      outer.pipe(inner).pipe(outer);
      outer.on("error", () => inner.destroy());
      inner.on("error", () => outer.destroy());
    });
    listener.listen(this.#port, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
    this.#listener = listener;
  }

  close(): void {
    this.#listener?.close();
  }
}
