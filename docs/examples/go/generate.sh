#!/bin/sh
# Generate Go code for the contracts into gen/src/example/libral.
set -eu
cd "$(dirname "$0")"
services="policy users events"

set --
for name in $services; do
  mapping="Mlibral/$name/v1/$name.proto=example/libral/$name/v1;${name}pb"
  set -- "$@" "--go_opt=$mapping" "--go-grpc_opt=$mapping"
done
for name in $services; do
  set -- "$@" "libral/$name/v1/$name.proto"
done

mkdir -p gen/src
protoc --descriptor_set_in=../../../protos/gen/libral/descriptors.binpb \
  --go_out=gen/src --go-grpc_out=gen/src "$@"
