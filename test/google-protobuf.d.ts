/** The part of google-protobuf that tests use: it brings no types of its own. */
declare module "google-protobuf" {
  class BinaryReader {
    constructor(bytes: Uint8Array);
    nextField(): boolean;
    getFieldNumber(): number;
    skipField(): boolean;
    readUint32(): number;
    readFloat(): number;
    readBool(): boolean;
    readString(): string;
    readBytes(): Uint8Array;
    readPackableFloatInto(into: number[]): void;
    readPackableUint32Into(into: number[]): void;
    readMessage<T>(message: T, read: (message: T, reader: BinaryReader) => void): void;
  }
  const jspb: { readonly BinaryReader: typeof BinaryReader };
  export default jspb;
  export { BinaryReader };
}
