/** A player in a lobby: connects once, is greeted with the lobby's name, and chats. */
import { connect } from "node:net";

export interface Guest {
  /** The lobby's name, once it has greeted. */
  readonly lobby: string | undefined;
  /** The connection ended, whoever ended it. */
  readonly gone: boolean;
  /** Lines that came back. */
  readonly heard: number;
  say(): void;
  leave(): void;
}

export interface GuestOptions {
  readonly address: string;
  readonly port: number;
}

export function enterLobby({ address, port }: GuestOptions): Guest {
  let lobby: string | undefined;
  let gone = false;
  let heard = 0;
  let text = "";
  const socket = connect(port, address);
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    gone = true;
  });
  socket.on("data", (chunk: string) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (lobby === undefined) lobby = line;
      else heard++;
    }
  });
  return {
    get lobby() {
      return lobby;
    },
    get gone() {
      return gone;
    },
    get heard() {
      return heard;
    },
    say: () => void socket.write("hello\n"),
    leave: () => void socket.destroy(),
  };
}
