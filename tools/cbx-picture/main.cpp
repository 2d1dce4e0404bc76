// cbx-picture: one picture of a camera as JPEG.  See cbx-picture(1).
#include "options.h"

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-picture", "Make a JPEG of what a camera recorded at a time", CBX_VERSION);
  cbx::picture::CommandLine line;
  cbx::picture::declare(tool, line);
  return tool.run(argc, argv, [&] { return cbx::picture::run(tool, line); });
}
