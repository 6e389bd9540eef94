"""The library on disk: articles in a catalogue, vectors in Chroma, words beside them, and who may write when."""
