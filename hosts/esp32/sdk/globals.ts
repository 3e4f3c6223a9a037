/**
 * Globals that the Linux host brings with its engine and the SDK has as modules. Preloaded, so that they are there
 * before anything runs. Only the SDK compiles this folder.
 */
import TextDecoder from "text/decoder";
import TextEncoder from "text/encoder";

Object.assign(globalThis, { TextDecoder, TextEncoder });
