from dashboard.api.http import read_error


def test_errors_are_told_in_japanese_where_there_is_japanese():
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"},
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "message": "だめです。"},
    ]
    error = read_error(400, {"error": {"message": "No.", "details": details}})
    assert (error.reason, str(error)) == ("X", "だめです。")
    assert read_error(502, "garbage").message == "処理に失敗しました。"
