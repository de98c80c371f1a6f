/** A Connect service without generated code. @module */
import { create, createFileRegistry, type DescService } from "npm:@bufbuild/protobuf@2.17.0";
import { file_google_protobuf_wrappers, FileDescriptorProtoSchema } from "npm:@bufbuild/protobuf@2.17.0/wkt";

const text = ".google.protobuf.StringValue";
const method = { inputType: text, outputType: text };
const file = create(FileDescriptorProtoSchema, {
  name: "sdk.proto",
  package: "sdk",
  syntax: "proto3",
  dependency: ["google/protobuf/wrappers.proto"],
  service: [{
    name: "Sdk",
    method: [{ name: "Plain", ...method }, { name: "Post", ...method }, {
      name: "Stream",
      ...method,
      serverStreaming: true,
    }],
  }],
});

/** `Plain` and `Post` take and give a text; `Stream` gives several. */
export const service: DescService = createFileRegistry(file, () => file_google_protobuf_wrappers).getService(
  "sdk.Sdk",
)!;
