# fish completion for cbx-segment.  Made by share/completions/generate.py from --help; do not edit.

complete -c cbx-segment -f
complete -c cbx-segment -s h -l help -d 'Print this help message and exit'
complete -c cbx-segment -s v -l verbose -d 'Say more on stderr'
complete -c cbx-segment -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-segment -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-segment -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-segment -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-segment -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-segment -l device -x -d 'The device that a single stream or FILE belongs to'
complete -c cbx-segment -l length -x -d 'Cut at multiples of this on the wall clock'
complete -c cbx-segment -l start -x -d 'When the first FILE (or standard input) begins; further ones follow on'
complete -c cbx-segment -l start-from -x -d 'Where each FILE\'s start comes from: \'name:FORMAT\' as strptime(3) reads it, meta, or mtime'
complete -c cbx-segment -l progress -d 'Show a line per camera on the terminal'
complete -c cbx-segment -l ready-fd -x -d 'Write a newline to this descriptor when ready'
complete -c cbx-segment -F
complete -c cbx-segment -l version -d 'Print the version and exit'
