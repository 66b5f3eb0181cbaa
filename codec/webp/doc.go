// Package webp decodes WebP pictures and animations and encodes thumbnails as
// WebP.
//
// The container (RFC 9649) is read here; the two codecs are in the packages
// vp8 (lossy) and vp8l (lossless, and the alpha of lossy pictures). In all
// three, files called decode and encode hold what only one direction needs.
//
// x/image/webp (v0.47.0) decodes the whole picture in 0.7 times the time; reduced,
// ours takes half of x/image's (BenchmarkDecode, 2026-11-24). It has no encoder,
// and neither metadata nor animations.
package webp
