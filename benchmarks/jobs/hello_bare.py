def main(message):
    print(message)


main("hello")
