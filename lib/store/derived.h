// What is made of recordings and can be made again: ROOT/derived/<device>/<day>/, beside media.  Pictures of a
// recording begin with its name: "17-01-00.033+4000-320.jpg" shows the file 17-01-00.033.mp4 four seconds after its
// start, at most 320 pixels across.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "store/store.h"

namespace cbx::store {

std::string derived_path(const Store& store);
// Relative to derived_path(), as the rest.
std::string picture_path(const Store& store, std::string_view device, WallMs start, WallMs shown, int width);
// The inverse, as far as it tells whose picture it is: the recording's path relative to media; nullopt for anything
// else.
std::optional<std::string> recording_of(const Store& store, std::string_view picture);

// Deletes what was made of these recordings (names as Store::segment_name() gives them) of one day's folder
// ("cam01/2026-11-20"), and the folder if nothing is left in it.  What is not there is no error; the first failure is
// returned when the others are gone.
Status remove_derived(Filesystem& fs, const Store& store, const std::string& day_folder,
                      std::span<const std::string> names);

}  // namespace cbx::store
